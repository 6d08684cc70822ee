# SPDX-License-Identifier: ISC
"""What every upstream would refuse is refused at once: its SIZE, as soon as it has said so, and senders that are not its own."""

import pytest
from postern import CONTENT, Postern
from provider import Provider
from talk import TRANSACTION, Talk

LIMIT = 4000


@pytest.fixture
def small():
    """A provider that takes little."""
    with Provider("--size", str(LIMIT)) as provider:
        yield provider


def ehlo(postern):
    with Talk(postern.port) as talk:
        assert talk.reply().startswith("220 ")
        return talk.say("EHLO c.example")


def content(octets):
    return (b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 300)[:octets - 2] + b"\r\n"


@pytest.mark.parametrize("way", ["DATA", "BDAT"])
def test_size(small, way):
    with Postern(small) as postern:
        assert "SIZE 52428800" in ehlo(postern)
        postern.arrived(postern.send())
        assert f"SIZE {LIMIT}\n" in ehlo(postern)
        words = f"552 5.3.4 Message exceeds the size limit: upstream provider takes {LIMIT} octets at most"
        with Talk(postern.port) as talk:
            talk.starts()
            assert talk.say(f"MAIL FROM:<a@x.example> SIZE={LIMIT + 1}") == words
            for octets, wanted in (LIMIT + 100, words), (LIMIT - 2, words), (LIMIT - 1000, "250 "):  # our trace fields count
                for command in TRANSACTION.split(b"\r\n")[:2]:
                    assert talk.say(command).startswith("250 ")
                if way == "DATA":
                    assert talk.say("DATA").startswith("354 ")
                    talk.send(content(octets) + b".\r\n")
                else:
                    talk.send(b"BDAT %d LAST\r\n" % octets + content(octets))
                assert talk.reply().startswith(wanted)
        postern.wait_empty()
        assert not postern.log("failed")


def test_the_size_outlives_a_reload_and_follows_the_upstream(small):
    with Postern(small) as postern:
        postern.arrived(postern.send())
        postern.reload()
        assert f"SIZE {LIMIT}\n" in ehlo(postern)
        postern.settings["upstream"]["other"] = {"host": "localhost", "port": 9, "tls": "none"}
        postern.set()
        postern.reload()
        assert "SIZE 52428800" in ehlo(postern)  # the other one may take more


def test_senders(provider):
    with Postern(provider, upstream={"senders": ["*@x.example", "<>"]}) as postern:
        with Talk(postern.port) as talk:
            talk.starts()
            reply = talk.say("MAIL FROM:<a@z.example>")
            assert reply == "553 5.7.1 Upstream provider does not take the sender <a@z.example>; allowed: *@x.example, <>"
            assert talk.transact(CONTENT).startswith("250 ")
            assert talk.say("MAIL FROM:<>").startswith("250 ")
