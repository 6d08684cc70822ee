# SPDX-License-Identifier: ISC
"""What becomes of a message: delivered, deferred and retried, bounced, warned about, expired."""

import email
import email.utils
import re

import pytest
from postern import Postern
from provider import Provider, wait_until

CONTENT = (b"From: a@x.example\r\nTo: b@y.example\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nMessage-ID: <7@x.example>\r\n"
           b"X-Raw: caf\xe9\r\n\r\nThe body is secret.\r\n")
SLOW = {"retry_min": "1h", "retry_max": "2h"}


def reports(provider, n=1):
    """Wait for n reports; returns them as email.message objects, checked for their form."""
    def find():
        return [m for m in provider.messages() if m.mail_from == "" or b"report-type=" in m.content]

    wait_until(lambda: len(find()) >= n, 30, f"{n} reports")
    parsed = [email.message_from_bytes(m.content) for m in find()]
    for message, report in zip(find(), parsed):
        assert message.content.isascii() and max(map(len, message.content.split(b"\r\n"))) <= 998
        check_report(report)
    return parsed


def check_report(report):
    """RFC 3462 and RFC 3464, RFC 5322, RFC 3834."""
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    assert report["MIME-Version"] == "1.0" and not report.defects
    assert report["Auto-Submitted"].startswith("auto-")
    assert email.utils.parsedate_to_datetime(report["Date"]) and re.match(r"<\S+@relay\.example>$", report["Message-ID"])
    for name in ("From", "To", "Subject"):
        assert len(report.get_all(name)) == 1
    kinds = [part.get_content_type() for part in report.get_payload()]
    assert kinds[:2] == ["text/plain", "message/delivery-status"] and kinds[2] in ("text/rfc822-headers", "message/rfc822")


def status_of(report):
    """The fields about the message, and those about each recipient."""
    blocks = report.get_payload()[1].get_payload()
    return blocks[0], blocks[1:]


def queue(postern):
    return postern.queue()


# For now: deferred, and retried


@pytest.mark.parametrize("fault", [
    "mail=reply:451 4.3.0 later", "rcpt=reply:450 4.2.1 mailbox busy", "data=reply:451 4.3.0 later",
    "dot=reply:451 4.3.0 later", "dot=reply:452 4.3.1 disk full", "mail=421", "rcpt=421", "data=421", "dot=421",
])
def test_a_4xx_defers_and_the_retry_delivers(fault):
    with Provider("--without", "CHUNKING", "--fault", fault + ",count=1") as provider, Postern(provider) as postern:
        id = postern.send()
        postern.wait_log("delivered", id=id)
        postern.wait_empty()
        assert len(provider.messages()) == 1 and not postern.log("bounced")
        if "reply:" in fault:
            code, enhanced, words = re.search(r"reply:(\d+) (\S+) (.*)", fault).groups()
            attempt, = postern.log("attempt", id=id)
            assert (attempt["code"], attempt["enhanced"], attempt["to"]) == (code, enhanced, "b@y.example")
            assert words in attempt["reply"] and attempt["upstream"] == "provider"
            assert postern.log("deferred", id=id)[0]["attempts"] == "1"
            assert postern.log("delivered", id=id)[0]["attempt"] == "2"
        assert provider.stats()["violations"] == 0


def test_retries_wait_longer_and_longer():
    with Provider("--fault", "rcpt=reply:450 4.2.1 busy,count=3") as provider:
        with Postern(provider, queue={"retry_min": "200ms", "retry_max": "10s"}) as postern:
            id = postern.send()
            assert postern.wait_log("delivered", id=id)["attempt"] == "4"
            assert [r["attempts"] for r in postern.log("deferred", id=id)] == ["1", "2", "3"]


def test_a_deferred_message_shows_why(provider):
    with Postern(provider, queue=SLOW) as postern:
        provider.fault("rcpt=reply:450 4.2.1 mailbox busy")
        id = postern.send()
        postern.wait_log("deferred", id=id)
        message, = queue(postern)
        assert (message["id"], message["state"], message["attempts"]) == (id, "waiting", 1)
        assert "450 4.2.1 mailbox busy" in message["reason"] and message["next_try"]
        assert not message["outcome_unknown"]


def test_only_the_deferred_recipient_is_tried_again(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:450 4.2.1 busy,count=1,rcpt=late@*")
        id = postern.send(to=["one@y.example", "late@y.example", "two@y.example"])
        postern.wait_log("delivered", id=id, n=3)
        assert [m.rcpts for m in provider.wait_for(2)] == [["one@y.example", "two@y.example"], ["late@y.example"]]
        postern.wait_empty()


def test_another_message_does_not_wait_behind_a_deferred_one(provider):
    with Postern(provider, queue=SLOW) as postern:
        provider.fault("rcpt=reply:450 4.2.1 busy,rcpt=stuck@*")
        stuck = postern.send(to=["stuck@y.example"])
        postern.wait_log("deferred", id=stuck)
        postern.wait_log("delivered", id=postern.send(to=["fine@y.example"]))


# For good: bounced


@pytest.mark.parametrize("step, reply", [
    ("mail", "553 5.1.8 sender unknown"), ("rcpt", "550 5.1.1 no such user"), ("data", "554 5.7.1 not today"),
    ("dot", "552 5.3.4 too big for us"), ("dot", "554 5.6.0 no"), ("rcpt", "550 plain words"),
])
def test_a_5xx_bounces_to_the_sender(step, reply):
    with Provider("--without", "CHUNKING") as provider, Postern(provider) as postern:
        provider.fault(f"{step}=reply:{reply},from=a@x.example")
        id = postern.send(CONTENT)
        report, = reports(provider)
        message, = provider.messages()
        assert (message.mail_from, message.rcpts) == ("", ["a@x.example"])
        about, (rcpt,) = status_of(report)
        assert about["Reporting-MTA"] == "dns; relay.example"
        assert email.utils.parsedate_to_datetime(about["Arrival-Date"])
        assert rcpt["Final-Recipient"] == "rfc822; b@y.example" and rcpt["Action"] == "failed"
        assert re.match(r"5\.\d+\.\d+$", rcpt["Status"])
        code, *words = reply.split(" ")
        assert rcpt["Diagnostic-Code"] == "smtp; " + reply
        assert rcpt["Remote-MTA"].startswith("dns; ") and rcpt["Last-Attempt-Date"]
        if words[0].startswith("5."):
            assert rcpt["Status"] == words[0]
        text = report.get_payload()[0].get_payload()
        assert "b@y.example" in text and words[-1] in text and id in text
        header = report.get_payload()[2].get_payload()
        assert "Message-ID: <7@x.example>" in str(header) and "secret" not in message.content.decode()
        postern.wait_empty()
        assert postern.wait_log("failed", id=id)["code"] == code
        assert postern.wait_log("bounced", id=id)["to"] == "a@x.example"
        assert len(provider.messages()) == 1 and provider.stats()["violations"] == 0


def test_refused_recipients_bounce_and_the_others_get_it(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no such user,rcpt=bad*")
        id = postern.send(to=["bad1@y.example", "good@y.example", "bad2@y.example"])
        report, = reports(provider)
        _, rcpts = status_of(report)
        assert [r["Final-Recipient"] for r in rcpts] == ["rfc822; bad1@y.example", "rfc822; bad2@y.example"]
        assert postern.wait_log("delivered", id=id)["to"] == "good@y.example"
        postern.wait_empty()
        assert sorted(m.rcpts for m in provider.messages()) == [["a@x.example"], ["good@y.example"]]


def test_delivered_deferred_and_refused_in_one_transaction(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no,rcpt=bad@*", "rcpt=reply:450 4.2.1 later,count=1,rcpt=late@*")
        id = postern.send(to=["good@y.example", "bad@y.example", "late@y.example"])
        postern.wait_log("delivered", id=id, n=2)
        assert len(status_of(reports(provider)[0])[1]) == 1
        postern.wait_empty()
        assert sorted(m.rcpts for m in provider.messages()) == [["a@x.example"], ["good@y.example"], ["late@y.example"]]


def test_the_null_sender_gets_no_bounce(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no such user,rcpt=b@*")
        id = postern.send(CONTENT, sender="<>")
        postern.wait_log("bounce_dropped", id=id)
        postern.wait_empty()
        assert provider.messages() == [] and not postern.log("bounced")


def test_a_bounce_that_is_refused_is_dropped(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no such user")
        id = postern.send(CONTENT)
        report = postern.wait_log("bounced", id=id)["report"]
        assert "set bounce_from" in postern.wait_log("bounce_dropped", id=report)["why"]
        postern.wait_empty()
        assert provider.messages() == [] and len(postern.log("bounced")) == 1


def test_bounce_from_gives_reports_an_owned_sender(provider):
    with Postern(provider, queue={"bounce_from": "bounces@x.example"}) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no such user,rcpt=b@*")
        postern.send(CONTENT)
        report, = reports(provider)
        assert provider.messages()[0].mail_from == "bounces@x.example"
        assert "bounces@x.example" in report["From"]


def test_a_refused_report_with_bounce_from_makes_no_other(provider):
    with Postern(provider, queue={"bounce_from": "bounces@x.example"}) as postern:
        provider.fault("rcpt=reply:550 5.1.1 no such user")
        id = postern.send(CONTENT)
        postern.wait_log("bounce_dropped", id=postern.wait_log("bounced", id=id)["report"])
        postern.wait_empty()
        assert len(postern.log("bounced")) == 1


def test_a_hostile_reply_does_no_harm_in_a_bounce(provider):
    with Postern(provider) as postern:
        provider.fault("rcpt=reply:550 5.1.1 <b>\x1b[31mé" + "x" * 400 + "\\n--boundary\\nSubject: forged,rcpt=b@*")
        postern.send(CONTENT)
        report, = reports(provider)
        _, (rcpt,) = status_of(report)
        assert rcpt["Status"] == "5.1.1" and rcpt["Subject"] is None and "\x1b" not in report.as_string()
        assert "\x1b" not in postern.text()


def test_messages_of_a_refused_content_go_one_by_one(provider):
    with Postern(provider) as postern:
        provider.fault("dot=reply:554 5.7.1 spam,from=spam@*")
        with postern.smtp() as client:
            for i in range(6):
                client.sendmail(("spam@x.example", "ham@x.example")[i % 2], ["b@y.example"], CONTENT)
        postern.wait_empty()
        assert sorted(m.mail_from for m in provider.messages()) == [""] * 3 + ["ham@x.example"] * 3
        assert provider.stats()["violations"] == 0


# Too many recipients


@pytest.mark.parametrize("code", ["452", "552"])
def test_recipients_over_the_providers_limit_go_in_the_next_transaction(code):
    rcpts = [f"r{i}@y.example" for i in range(25)]
    with Provider("--max-recipients", "10:" + code) as provider, Postern(provider) as postern:
        id = postern.send(CONTENT, to=rcpts)
        postern.wait_log("delivered", id=id, n=25)
        postern.wait_empty()
        assert [len(m.rcpts) for m in provider.messages()] == [10, 10, 5]
        assert sorted(sum((m.rcpts for m in provider.messages()), [])) == sorted(rcpts)
        assert not postern.log("deferred") and not postern.log("bounced")


def test_recipients_that_are_always_put_off_do_not_starve_the_others(provider):
    stuck = [f"stuck{i}@y.example" for i in range(100)]  # all that the first transaction carries
    others = [f"r{i}@y.example" for i in range(50)]
    provider.fault("rcpt=reply:450 4.2.0 later,rcpt=*stuck*")
    with Postern(provider) as postern:
        id = postern.send(CONTENT, to=stuck + others)
        postern.wait_log("delivered", id=id, n=50)
        provider.clear_faults()
        postern.wait_log("delivered", id=id, n=150)
        assert sorted(sum((m.rcpts for m in provider.messages()), [])) == sorted(stuck + others)


# Connections that end


@pytest.mark.parametrize("action", ["accept-then-close", "accept-then-rst"])
def test_a_lost_reply_leaves_the_outcome_unknown(provider, action):
    with Postern(provider, queue=SLOW) as postern:
        provider.fault(f"dot={action},count=1")
        id = postern.send(CONTENT)
        postern.wait_log("deferred", id=id)
        message, = queue(postern)
        assert message["outcome_unknown"] and message["state"] == "waiting"
        assert "outcome is unknown" in postern.ctl("show", id).stdout
        postern.ctl("retry", id)
        postern.wait_log("delivered", id=id)
        assert len(provider.wait_for(2)) == 2, "both were taken: this is the price"


@pytest.mark.parametrize("fault", ["dot=close", "content=close", "content=rst", "mail=close", "rcpt=close", "data=close",
                                   "dot=garbage", "rcpt=garbage", "data=reply:250 2.0.0 what", "mail=reply:354 what"])
def test_a_connection_that_breaks_in_a_transaction_loses_nothing(provider, fault):
    with Postern(provider) as postern:
        provider.fault(fault + ",count=1")
        id = postern.send(CONTENT)
        postern.wait_log("delivered", id=id)
        postern.wait_empty()
        assert not postern.log("bounced")
        assert provider.count() >= 1


def test_silence_after_the_dot_ends_with_the_time_limit(provider):
    with Postern(provider, upstream={"timeout": "1s"}) as postern:
        provider.fault("dot=silence,count=1")
        id = postern.send(CONTENT)
        postern.wait_log("delivered", id=id)
        postern.wait_empty()


def test_a_large_message_over_a_connection_that_breaks(provider):
    with Postern(provider) as postern:
        provider.fault("content=rst,count=1,octets=500000")
        body = b"".join(b"%08d" % i + b"x" * 60 + b"\r\n" for i in range(20000))
        message = postern.arrived(postern.send(CONTENT + body))
        assert message.content.endswith(body)


@pytest.mark.parametrize("limit", [1, 3])
def test_messages_per_connection_are_respected(limit):
    with Provider("--messages-per-connection", str(limit)) as provider, Postern(provider) as postern:
        with postern.smtp() as client:
            for _ in range(10):
                client.sendmail("a@x.example", ["b@y.example"], CONTENT)
        assert len(provider.wait_for(10)) == 10
        postern.wait_empty()
        assert provider.count() == 10 and not postern.log("bounced")
        assert provider.stats()["violations"] == 0


def test_all_connections_dropped_under_load_loses_nothing(provider):
    with Postern(provider) as postern:
        provider.fault("dot=delay:20")
        with postern.smtp() as client:
            for i in range(60):
                client.sendmail("a@x.example", [f"b{i}@y.example"], CONTENT)
                if i % 20 == 10:
                    provider.drop_all()
        postern.wait_empty(60)
        assert {m.rcpts[0] for m in provider.messages()} == {f"b{i}@y.example" for i in range(60)}
        assert not postern.log("bounced")


# Time


def test_a_message_that_gets_too_old_bounces(provider):
    with Postern(provider, queue={"retry_min": "500ms", "lifetime": "2s"}) as postern:
        provider.fault("rcpt=reply:450 4.2.1 mailbox busy,rcpt=b@*")
        id = postern.send(CONTENT)
        report, = reports(provider)
        _, (rcpt,) = status_of(report)
        assert rcpt["Action"] == "failed" and rcpt["Final-Recipient"] == "rfc822; b@y.example"
        assert re.match(r"[45]\.\d+\.\d+$", rcpt["Status"])
        assert "mailbox busy" in report.as_string()
        postern.wait_empty()
        assert postern.log("bounced", id=id) and len(provider.messages()) == 1


def test_a_message_expires_while_the_upstream_is_held(provider):
    # The report lives no longer than the message: the probe that brings the upstream back must come well before.
    with Postern(provider, queue={"lifetime": "5s", "retry_min": "200ms", "retry_max": "500ms"}) as postern:
        provider.fault("greeting=reply:554 5.7.1 closed")
        id = postern.send(CONTENT)
        postern.wait_log("bounced", id=id)
        provider.clear_faults()
        report, = reports(provider)
        assert status_of(report)[1][0]["Action"] == "failed"
        assert [m.rcpts for m in provider.messages()] == [["a@x.example"]]


def test_one_warning_is_sent_for_a_delayed_message(provider):
    with Postern(provider, queue={"retry_min": "500ms", "retry_max": "500ms", "warn_after": "1s", "lifetime": "1h"}) as postern:
        provider.fault("rcpt=reply:450 4.2.1 mailbox busy,rcpt=b@*")
        id = postern.send(CONTENT)
        report, = reports(provider)
        _, (rcpt,) = status_of(report)
        assert rcpt["Action"] == "delayed" and rcpt["Status"].startswith("4.") and rcpt["Will-Retry-Until"]
        assert provider.messages()[0].rcpts == ["a@x.example"]
        attempts = len(postern.log("attempt", id=id))
        postern.wait_log("attempt", id=id, n=attempts + 3)
        assert len(postern.log("warned", id=id)) == 1 and len(provider.messages()) == 1
        provider.clear_faults()
        postern.wait_log("delivered", id=id)
        postern.wait_empty()


def test_no_warning_for_the_null_sender(provider):
    with Postern(provider, queue={"retry_min": "300ms", "retry_max": "300ms", "warn_after": "1s"}) as postern:
        provider.fault("rcpt=reply:450 4.2.1 busy,rcpt=b@*")
        id = postern.send(CONTENT, sender="<>")
        postern.wait_log("attempt", id=id, n=6)
        assert not postern.log("warned") and provider.messages() == []


# Restarts


@pytest.mark.parametrize("end", ["stop", "kill_all"])
def test_deferred_mail_and_its_attempts_survive(provider, end):
    with Postern(provider, queue=SLOW) as postern:
        provider.fault("rcpt=reply:450 4.2.1 mailbox busy,rcpt=late@*")
        id = postern.send(CONTENT, to=["now@y.example", "late@y.example"])
        postern.wait_log("deferred", id=id)
        getattr(postern, end)()
        postern.start()
        message, = wait_until(lambda: queue(postern))
        assert (message["id"], message["attempts"], message["to"]) == (id, 1, ["late@y.example"])
        assert "mailbox busy" in message["reason"]
        provider.clear_faults()
        postern.ctl("retry", id)
        postern.wait_log("delivered", id=id, to="late@y.example")
        assert [m.rcpts for m in provider.messages()] == [["now@y.example"], ["late@y.example"]]
