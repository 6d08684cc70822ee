# SPDX-License-Identifier: ISC
"""What must hold through every real mail server: a test file subclasses PeerTests and has a fixture `peer`."""

import collections
import email
import email.policy
import random
import smtplib
import subprocess

import pytest
from peers import DOMAIN
from postern import Postern
from provider import BUILD, certificates, wait_until

LOAD = BUILD / "postern-load"
SENDER = f"a@{DOMAIN}"
RCPT = f"b@{DOMAIN}"
HEADER = f"From: {SENDER}\r\nTo: {RCPT}\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n".encode()
LINE = b"0123456789abcdef" * 4 + b"\r\n"


starttls_only = pytest.mark.parametrize("tls", ["starttls"], indirect=True)


def content(body=b"Hello\r\n", name="1", more=b""):
    return HEADER + f"Message-ID: <{name}@{DOMAIN}>\r\n".encode() + more + b"Subject: test\r\n\r\n" + body


def random_lines(size):
    """Text that nothing compresses or repeats, in lines of up to 200 octets, some with dots in front."""
    source = random.Random(size)
    lines = []
    while size > 0:
        line = b"." * source.choice((0, 0, 0, 1, 2)) + source.randbytes(source.randrange(98)).hex().encode() + b"\r\n"
        lines.append(line)
        size -= len(line)
    return b"".join(lines)


CONTENTS = {
    "plain": content(),
    "empty": content(b""),
    "dots": content(b".\r\n..\r\n.a\r\n...\r\n\r\n.\r\nb.\r\n.\r\n"),
    "8-bit": content("Grüße, 日本語\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
                     more=b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n"),
    "white": content(b" \r\n\t\r\n  trailing  \r\n\r\n\r\n\r\n"),
    "header": content(more=b"X-Folded: a\r\n b\r\n\tc\r\nx-CASE:no space\r\nX-Empty: \r\n"),
    "long lines": content(b"".join(first + b"x" * (998 - len(first)) + b"\r\n" for first in (b"", b".", b"..", b" "))),
    "10 MB": content(random_lines(10_000_000)),
}


def delivered(peer, postern, n, mailbox="b"):
    """The messages of a mailbox, which must be n in the end, and nothing queued."""
    peer.wait_for(n, mailbox)
    postern.wait_empty()
    found = peer.messages(mailbox)
    assert len(found) == n
    return found


def queued(postern):
    """How many messages wait."""
    return len(postern.queue())


def report(peer, postern):
    """The one report in the sender's mailbox: its parts, and the fields of its only recipient."""
    got, = delivered(peer, postern, 1, "a")
    assert got.return_path == ""
    parsed = email.message_from_bytes(got.content, policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/report"
    assert parsed.get_param("report-type") == "delivery-status"
    text, status, original = parsed.iter_parts()
    assert status.get_content_type() == "message/delivery-status"
    about, rcpt = status.get_payload()
    assert about["Reporting-MTA"] == "dns; relay.example"
    assert rcpt["Action"] == "failed"
    return text.get_content(), rcpt, original


def load(postern, *options):
    """Start postern-load, which logs what it was told is accepted; returns the process and that file."""
    acks = postern.dir / "acks"
    return subprocess.Popen([LOAD, "--sender", SENDER, "--domain", DOMAIN, "--ack-log", acks, *options, "127.0.0.1",
                             str(postern.port)], stdout=subprocess.DEVNULL), acks


def wait_loaded(process, acks):
    """Wait for its end, when all of it must be accepted; returns the ids of the messages."""
    assert process.wait(60) == 0
    return acks.read_text().split()


def load_id(got):
    """What postern-load calls a message."""
    return email.message_from_bytes(got.content)["X-Test-Id"]


def uncertain(postern):
    """The queue's ids of messages that were in flight when a connection was lost."""
    return {record["id"] for record in postern.log("deferred") if record["why"].startswith("outcome unknown")}


def doubled(messages):
    """The queue's ids of messages that a peer has taken more than once (however often it has delivered them then)."""
    taken = {(load_id(got), got.transaction): got.queue_id for got in messages}
    counts = collections.Counter(id for id, _ in taken)
    return {queue_id for (id, _), queue_id in taken.items() if counts[id] > 1}


class PeerTests:
    @pytest.fixture(params=["starttls", "implicit"])
    def tls(self, request):
        return request.param

    @pytest.fixture
    def postern(self, peer, tls):
        with Postern(peer, tls=tls) as postern:
            yield postern

    def test_content(self, peer, postern):
        for name, text in CONTENTS.items():
            postern.send(text, SENDER, [RCPT])
            postern.wait_empty()
            peer.wait_for(1)
            got, = peer.messages()
            assert got.content == text, name
            assert got.return_path == SENDER
            assert "ESMTPSA" in got.trace.upper()
            peer.forget()

    def test_clients(self, peer, postern):
        body = content(b".dot\r\nHello\r\n")
        file = postern.dir / "message"
        file.write_bytes(body)
        server = f"127.0.0.1:{postern.port}"
        subprocess.run(["swaks", "--silent", "--server", server, "--from", SENDER, "--to", RCPT, "--data", file],
                       check=True, timeout=30)
        subprocess.run(["curl", "-sS", f"smtp://{server}/client.example", "--mail-from", SENDER, "--mail-rcpt", RCPT,
                        "--upload-file", file], check=True, timeout=30)
        with smtplib.SMTP("127.0.0.1", postern.port) as client:
            client.sendmail(SENDER, [RCPT], body)
        assert all(got.content.rstrip() == body.rstrip() for got in delivered(peer, postern, 3))

    def test_unknown_recipient(self, peer, postern):
        unknown = f"nobody.here@{DOMAIN}"
        postern.send(content(), SENDER, [RCPT, unknown, f"c@{DOMAIN}"])
        assert delivered(peer, postern, 1, "b")[0].content == content()
        assert delivered(peer, postern, 1, "c")[0].content == content()
        text, rcpt, original = report(peer, postern)
        words = postern.wait_log("failed", to=unknown)["reply"]
        assert rcpt["Final-Recipient"] == f"rfc822; {unknown}"
        assert rcpt["Status"].startswith("5.1.") or rcpt["Status"] == "5.0.0"
        assert "550" in rcpt["Diagnostic-Code"], rcpt["Diagnostic-Code"]
        assert words.split()[-1] in rcpt["Diagnostic-Code"]
        assert unknown in text
        assert f"1@{DOMAIN}" in original.as_string()

    def test_wrong_password(self, peer, postern):
        postern.write_password("wrong")
        postern.reload()
        postern.send(content(), SENDER, [RCPT])
        held = postern.wait_log("upstream_held")
        assert "535" in held["why"]
        postern.wait_log("upstream_probe_failed")
        assert postern.log("failed") == []
        assert queued(postern) == 1
        postern.write_password(peer.password)
        assert postern.ctl("reload").returncode == 0
        assert delivered(peer, postern, 1)[0].content == content()
        assert peer.messages("a") == []

    def test_wrong_ca(self, peer, postern):
        postern.set(upstream={"ca_file": certificates() / "self-signed.pem"})
        postern.restart()
        postern.send(content(), SENDER, [RCPT])
        assert "certificate" in postern.wait_log("upstream_held")["why"]
        postern.wait_log("upstream_probe_failed")
        assert queued(postern) == 1
        assert peer.logins() == 0
        postern.set(upstream={"ca_file": peer.ca_file})
        postern.reload()
        assert delivered(peer, postern, 1)[0].content == content()

    def test_outage(self, peer, postern):
        postern.send(content(name="0"), SENDER, [RCPT])
        delivered(peer, postern, 1)
        peer.stop()
        for n in range(1, 20):
            postern.send(content(name=str(n)), SENDER, [RCPT])
        postern.wait_log("upstream_held")
        wait_until(lambda: queued(postern) == 19, what="a queue of 19")
        peer.start()
        found = delivered(peer, postern, 20)
        assert {got.content for got in found} == {content(name=str(n)) for n in range(20)}
        assert peer.messages("a") == []

    def test_null_sender(self, peer, postern):
        postern.send(content(), "", [RCPT])
        got, = delivered(peer, postern, 1)
        assert got.return_path == ""
        assert got.content == content()

    def test_load(self, peer, postern):
        ids = wait_loaded(*load(postern, "--clients", "10", "--messages", "500"))
        found = delivered(peer, postern, 500, "r000000")
        assert sorted(map(load_id, found)) == sorted(ids)

    @starttls_only
    def test_hundred_recipients(self, peer, postern):
        ids = wait_loaded(*load(postern, "--clients", "2", "--messages", "2", "--recipients", "100"))
        postern.wait_empty()
        for n in range(100):
            assert sorted(map(load_id, peer.wait_for(2, f"r{n:06}"))) == sorted(ids)

    @starttls_only
    def test_killed_under_load(self, peer, postern):
        running = load(postern, "--clients", "10", "--messages", "600")
        for n in (50, 200):
            peer.wait_for(n, "r000000")
            peer.kill()
            peer.start()
        ids = wait_loaded(*running)
        postern.wait_empty()
        wait_until(lambda: set(map(load_id, peer.messages("r000000"))) >= set(ids), 30, "all that was accepted")
        assert {r["id"] for r in postern.log("accepted")} == {r["id"] for r in postern.log("delivered")}
        assert doubled(peer.messages("r000000")) <= uncertain(postern)
        assert postern.log("failed") == []


class ChunkingTests(PeerTests):
    """Through a peer that offers CHUNKING, and tells in its log how often it was used."""

    def test_chunks(self, peer, postern):
        wait_loaded(*load(postern, "--clients", "2", "--messages", "50"))
        delivered(peer, postern, 50, "r000000")
        postern.restart()  # some tell it at the end of a connection
        wait_until(lambda: peer.chunked() == 50, what="CHUNKING for all messages")
