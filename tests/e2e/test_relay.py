# SPDX-License-Identifier: ISC
"""Mail from a client through posternd to the provider: what arrives, and that nothing else does."""

import re
import shutil
import smtplib
import subprocess

import pytest
from postern import Postern, queue_id, submit
from provider import Provider
from talk import Talk

HEADER = (b"From: a@x.example\r\nTo: b@y.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
          b"Message-ID: <1@x.example>\r\nSubject: test\r\n\r\n")
RECEIVED = re.compile(
    rb"Received: from (\S+) \(\[127\.0\.0\.1\]\)\r\n\tby relay\.example with (E?SMTP) id (\w+)"
    rb"(?:\r\n\tfor <([^>]+)>)?;\r\n\t\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n")


def below_received(content):
    """The content below our Received field, which must be on top."""
    found = RECEIVED.match(content)
    assert found, content[:500]
    return content[found.end():]


@pytest.fixture(scope="module", params=["starttls", "implicit"])
def way(request):
    """A posternd and its provider, over each kind of TLS."""
    with Provider("--size", "20000000") as provider, Postern(provider, tls=request.param) as postern:
        yield postern
        # A header line longer than RFC 5321 allows, which cannot be folded: it shall arrive.
        assert {event["kind"] for event in provider.events("violation")} <= {"long-line"}


def arrives(postern, content, **envelope):
    """Send it and return the message that the provider got."""
    return postern.arrived(postern.send(content, **envelope))


# Content


@pytest.mark.parametrize("body", [
    b"Hello\r\n",
    b".\r\n..\r\n...\r\n.x\r\n..x\r\nx.\r\n",
    b"\r\n\r\n.\r\n\r\n",
    b"x" * 998 + b"\r\n" + b".\r\n",
    "Grüße, 郵便, ✉\r\n".encode(),
    bytes(range(0x80, 0x100)) + b"\r\n",
    b"\t \r\n trailing blanks  \t\r\nFrom here\r\n>From there\r\n",
    b"",
], ids=["plain", "dots", "blank-lines", "998", "utf-8", "8-bit", "white", "empty"])
def test_body_arrives_octet_by_octet(way, body):
    message = arrives(way, HEADER + body)
    assert below_received(message.content) == HEADER + body


def test_5_mb_arrive_octet_by_octet(way):
    body = b"".join(b"%06d" % i + b"QUJD" * 17 + b"\r\n." * (i % 1000 == 0) + b"\r\n" for i in range(66000))
    assert len(body) > 5_000_000
    message = arrives(way, HEADER + body)
    assert below_received(message.content) == HEADER + body


@pytest.mark.parametrize("size", [65536 - 300, 65536 - 100, 65536, 65536 + 300, 300000])
def test_sizes_around_the_inline_limit_arrive(way, size):
    body = (b"z" * 70 + b"\r\n") * (size // 72)
    assert below_received(arrives(way, HEADER + body).content) == HEADER + body


def test_8_bit_is_declared_to_the_provider(way):
    assert arrives(way, HEADER + b"\xc3\xa4\r\n").meta["mail_params"].get("BODY") == "8BITMIME"


def test_header_fields_are_not_rewritten(way):
    odd = (b"from :  \"A\" <a@x.example>\r\nsUBJECT:  odd\t spaces \r\n\tfolded\r\nDate: yesterday\r\n"
           b"Message-Id: none\r\nX-Long: " + b"h" * 1500 + b"\r\n\r\nbody\r\n")
    assert below_received(arrives(way, odd).content) == odd


# What is added


def test_received_tells_client_protocol_id_and_recipient(way):
    message = arrives(way, HEADER + b"x\r\n")
    helo, protocol, id, rcpt = RECEIVED.match(message.content).groups()
    assert (helo, protocol, rcpt) == (b"client.example", b"ESMTP", b"b@y.example")
    assert way.log("accepted", id=id.decode())


def test_received_of_helo_says_smtp(way):
    with Talk(way.port) as talk:
        talk.reply()
        assert talk.say("HELO old.example") == "250 relay.example"
        reply = talk.transact(HEADER + b"x\r\n")
    content = way.arrived(queue_id(reply)).content
    assert RECEIVED.match(content).group(1, 2) == (b"old.example", b"SMTP")


def test_received_of_several_recipients_names_none(way):
    message = arrives(way, HEADER + b"x\r\n", to=["b@y.example", "secret@y.example"])
    assert RECEIVED.match(message.content)[4] is None
    assert b"secret" not in message.content


def test_missing_fields_are_added_once(way):
    message = arrives(way, b"Subject: bare\r\n\r\nx\r\n")
    rest = below_received(message.content)
    id = RECEIVED.match(message.content)[3]
    assert re.match(rb"From: <a@x\.example>\r\nDate: \w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n"
                    rb"Message-ID: <" + id + rb"@relay\.example>\r\nSubject: bare\r\n\r\nx\r\n$", rest), rest


def test_a_message_without_a_header_gets_one(way):
    message = arrives(way, b"no header at all\r\n")
    assert message.header("Date") and message.header("Message-ID")
    assert message.content.endswith(b"\r\n\r\nno header at all\r\n")


def test_an_empty_message_gets_a_header(way):
    message = arrives(way, b"")
    assert message.header("Date") and message.header("Message-ID")
    assert message.content.endswith(b"\r\n\r\n")


def test_return_path_is_never_added(way):
    assert b"return-path" not in arrives(way, b"Subject: t\r\n\r\nx\r\n").content.lower()


def test_a_message_that_has_passed_50_hops_is_refused(way):
    hop = b"Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    with Talk(way.port) as talk:
        talk.starts()
        assert talk.transact(hop * 50 + HEADER + b"x\r\n").startswith("554 5.4.6 ")
        assert talk.transact(hop * 49 + HEADER + b"x\r\n").startswith("250 ")


# Envelope


def test_several_recipients_go_in_one_transaction(way):
    rcpts = [f"r{i}@y{i % 3}.example" for i in range(100)]
    message = arrives(way, HEADER + b"x\r\n", to=rcpts)
    assert message.rcpts == rcpts
    assert message.mail_from == "a@x.example"


@pytest.mark.parametrize("sender", ["", "a+tag=b@x.example", '"a b"@x.example', "a@[192.0.2.1]", "A.Mixed@X.Example"])
def test_sender_arrives_unchanged(way, sender):
    assert arrives(way, HEADER + b"x\r\n", sender=f"<{sender}>").mail_from == sender


@pytest.mark.parametrize("rcpt", ["b+x@y.example", '"b c"@y.example', "b@[192.0.2.1]", "B.Mixed@Y.Example"])
def test_recipient_arrives_unchanged(way, rcpt):
    assert arrives(way, HEADER + b"x\r\n", to=[f"<{rcpt}>"]).rcpts == [rcpt]


def test_unqualified_addresses_get_the_domain(way):
    message = arrives(way, HEADER + b"x\r\n", sender="root", to=["postmaster"])
    assert (message.mail_from, message.rcpts) == ("root@relay.example", ["postmaster@relay.example"])


def test_connections_and_logins_are_reused(way):
    with way.smtp() as client:
        first = submit(client)
        way.wait_log("delivered", id=first)
        before = way.provider.stats()
        for _ in range(10):
            way.wait_log("delivered", id=submit(client))
    after = way.provider.stats()
    assert after["auth_ok"] == before["auth_ok"]
    assert after["messages"] == before["messages"] + 10


# Login and TLS


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_logs_in_with(mechanism, tls):
    with Provider("--mechanisms", mechanism) as provider, Postern(provider, tls=tls) as postern:
        postern.send()
        meta = provider.wait_for(1)[0].meta
        assert (meta["auth_mechanism"], meta["auth_user"]) == (mechanism, "user")
        assert meta["tls_version"] in ("TLSv1.2", "TLSv1.3")
        assert provider.stats()["violations"] == 0


def test_relays_without_tls_and_login_when_told_so():
    with Provider(auth=False) as provider, Postern(provider, tls="none") as postern:
        postern.send()
        meta = provider.wait_for(1)[0].meta
        assert not meta["tls_version"] and not meta["auth_user"]
        assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("extension", ["PIPELINING", "SIZE", "8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES"])
def test_relays_to_a_provider_without(extension):
    with Provider("--without", extension) as provider, Postern(provider) as postern:
        ids = [postern.send(HEADER + b"%d\r\n" % i) for i in range(5)]
        assert len(provider.wait_for(5)) == 5
        for id in ids:
            postern.wait_log("delivered", id=id)
        assert provider.stats()["violations"] == 0


def test_a_provider_on_ipv6_is_reached():
    with Provider(addresses=("127.0.0.1", "::1")) as provider:
        with Postern(provider, upstream={"host": "::1"}) as postern:
            postern.send()
            assert "::1" in provider.wait_for(1)[0].meta["client"]


def test_listens_on_ipv6(provider):
    with Postern(provider) as postern:
        postern.set(listen={"local": {"address": "::1", "port": postern.port}})
        postern.restart()
        with smtplib.SMTP("::1", postern.port) as client:
            client.sendmail("a@x.example", ["b@y.example"], HEADER + b"x\r\n")
        assert b" ([IPv6:::1])\r\n" in provider.wait_for(1)[0].content


# Clients


def run(command, input=b""):
    done = subprocess.run([str(word) for word in command], input=input, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return done


def need(program):
    if shutil.which(program) is None:
        pytest.skip(program + " is not installed")
    return program


def test_swaks(postern):
    run([need("swaks"), "-s", f"127.0.0.1:{postern.port}", "-f", "a@x.example", "-t", "b@y.example,c@y.example",
         "--body", "swaks was here", "--pipeline"])
    message = postern.provider.wait_for(1)[0]
    assert message.rcpts == ["b@y.example", "c@y.example"] and b"swaks was here\r\n" in message.content


def test_curl(postern):
    file = postern.dir / "mail"
    file.write_bytes(HEADER + b".curl\r\n..\r\n")
    run([need("curl"), "-sS", "--crlf", f"smtp://127.0.0.1:{postern.port}/client.example", "--mail-from", "a@x.example",
         "--mail-rcpt", "b@y.example", "-T", file])
    assert below_received(postern.provider.wait_for(1)[0].content) == HEADER + b".curl\r\n..\r\n"


def test_smtplib_with_text(postern):
    with postern.smtp() as client:
        assert client.sendmail("a@x.example", ["b@y.example"], "Subject: t\n\n.text\n") == {}
    assert postern.provider.wait_for(1)[0].content.endswith(b"Subject: t\r\n\r\n.text\r\n")


def test_msmtp(postern):
    run([need("msmtp"), "--host=127.0.0.1", f"--port={postern.port}", "--from=a@x.example", "--tls=off", "--auth=off",
         "b@y.example"], HEADER.replace(b"\r", b"") + b".msmtp\n")
    assert postern.provider.wait_for(1)[0].content.endswith(b"\r\n.msmtp\r\n")


def test_s_nail(postern):
    run([need("s-nail"), "-:/", "-Sv15-compat", f"-Smta=smtp://127.0.0.1:{postern.port}", "-Ssmtp-auth=none",
         "-Ssmtp-config=-all,ehlo", "-Sfrom=a@x.example", "-Ssendwait", "-s", "nail", "b@y.example"], b"s-nail\n")
    message = postern.provider.wait_for(1)[0]
    assert message.header("Subject") == "nail" and message.rcpts == ["b@y.example"]


def test_many_clients_at_once(postern):
    clients = [postern.smtp() for _ in range(50)]
    ids = {submit(client, HEADER + b"%d\r\n" % i) for i, client in enumerate(clients)}
    for client in clients:
        client.close()
    assert len(ids) == 50
    messages = postern.provider.wait_for(50)
    assert len({m.content.rsplit(b"\r\n", 2)[1] for m in messages}) == 50
    postern.wait_empty()
    assert postern.provider.count() == 50
