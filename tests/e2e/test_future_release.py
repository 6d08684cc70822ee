# SPDX-License-Identifier: ISC
"""FUTURERELEASE (RFC 4865): a message waits until its sender wants it sent, whatever happens meanwhile."""

import datetime
import time

import pytest
from postern import CONTENT, Postern, queue_id
from provider import Provider
from talk import Talk
from test_outcomes import reports, status_of


def submit(postern, hold):
    """One message with HOLDFOR or HOLDUNTIL; returns its id."""
    with Talk(postern.port) as talk:
        talk.starts()
        reply = talk.transact(CONTENT, f"MAIL FROM:<a@x.example> {hold}\r\nRCPT TO:<b@y.example>\r\nDATA\r\n".encode())
    return queue_id(reply)


def until(seconds):
    """A HOLDUNTIL so many seconds from now, in another time zone."""
    zone = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))
    when = datetime.datetime.fromtimestamp(time.time() + seconds, zone)
    return "HOLDUNTIL=" + when.isoformat(timespec="milliseconds")


def shown(postern, id):
    return next(m for m in postern.queue() if m["id"] == id)


@pytest.fixture
def provider():
    with Provider() as provider:
        yield provider


def test_is_announced(provider):
    with Postern(provider) as postern, Talk(postern.port) as talk:
        talk.reply()
        line = next(line[4:] for line in talk.say("EHLO c.example").split("\n") if "FUTURERELEASE" in line)
        _, seconds, date = line.split()
        latest = datetime.datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        assert seconds == "604800" and abs(latest.timestamp() - time.time() - 604800) < 60


def test_is_off(provider):
    with Postern(provider, limits={"future_release": "0"}) as postern, Talk(postern.port) as talk:
        talk.reply()
        assert "FUTURERELEASE" not in talk.say("EHLO c.example")
        assert talk.say("MAIL FROM:<a@x.example> HOLDFOR=1").startswith("555 ")


@pytest.mark.parametrize("hold", ["HOLDFOR=3", until])
def test_goes_in_time_though_all_is_killed(provider, hold):
    """It is neither too old nor late before its release: both are shorter than that."""
    with Postern(provider, queue={"lifetime": "2s", "warn_after": "1s"}) as postern:
        at = time.time() + 3
        id = submit(postern, hold if isinstance(hold, str) else hold(3))
        postern.kill_all()
        postern.start()
        line = shown(postern, id)
        assert line["state"] == "waiting" and line["next_try"] and line["release"]
        assert "its sender wants it to wait" in postern.ctl("queue").stdout
        message = postern.arrived(id)
        assert time.time() >= at - 0.5
        assert "HOLD" not in str(message.meta["mail_params"])
        postern.wait_empty()
        assert len(provider.messages()) == 1


def test_its_age_counts_from_the_release():
    with Provider("--fault", "rcpt=reply:450 4.2.1 busy,rcpt=b@y.example") as provider, \
            Postern(provider, queue={"lifetime": "2s", "warn_after": "0"}) as postern:
        submit(postern, "HOLDFOR=1")
        message, recipients = status_of(reports(provider)[0])
        assert recipients[0]["Status"] == "4.4.7" and message["Future-Release-Request"].startswith("until; ")


def test_an_operator_lets_it_go(provider):
    with Postern(provider) as postern:
        ids = [submit(postern, "HOLDFOR=3600") for _ in range(4)]
        assert "0 waiting messages" in postern.ctl("retry").stdout
        assert "No message" in postern.ctl("retry", "--from", "a@x.example").stdout
        assert "No held message" in postern.ctl("release", "--all").stdout
        for command in "hold", "release":  # a hold that is lifted leaves the sender's wish
            assert postern.ctl(command, ids[0]).returncode == 0
        assert shown(postern, ids[0])["state"] == "waiting"
        assert postern.ctl("retry", ids[1]).returncode == 0
        postern.arrived(ids[1])
        assert postern.ctl("delete", ids[2]).returncode == 0
        assert postern.ctl("release", ids[3]).returncode == 0
        postern.arrived(ids[3])
        postern.kill_all()
        postern.start()
        assert shown(postern, ids[0])["reason"].startswith("its sender wants it to wait")
        assert postern.ctl("release", ids[0]).returncode == 0
        postern.arrived(ids[0])
        postern.wait_empty()
        assert len(provider.messages()) == 3
