# SPDX-License-Identifier: ISC
"""Long lines, and octets of 8 bits for an upstream without 8BITMIME: what is encoded decodes to the same."""

import email
import email.policy

import pytest
from postern import Postern
from provider import Provider
from test_outcomes import reports, status_of

TOP = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n"
LONG = b"a =line with spaces \t " * 150 + b" \r\n"
UTF8 = "Grüße, 郵便, ✉ \r\n".encode()
PLAIN = TOP + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
MIXED = TOP + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\npreamble\r\n--=_b\r\n"
SIGNED = TOP + (b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s; micalg=x; protocol=\"a/b\"\r\n\r\n--s\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\n\r\n")
DKIM = b"DKIM-Signature: v=1; b=abc\r\n"
WITHOUT = ("--without", "8BITMIME", "--without", "SMTPUTF8")


def sent(provider, postern, content, to=("b@y.example",)):
    """What arrives of it, below the Received field."""
    message = postern.arrived(postern.send(content, to=to))
    return message.content[message.content.index(b"From: a@x.example"):]


def leaves(content):
    """The decoded octets of each leaf."""
    parsed = email.message_from_bytes(content, policy=email.policy.SMTP)
    return [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]


@pytest.mark.parametrize("size", [1, 200], ids=["small", "large"])
@pytest.mark.parametrize("without", [[], ["CHUNKING"], ["CHUNKING", "PIPELINING"]], ids=["stream", "envelope", "off"])
def test_long_lines_are_encoded(without, size):
    """The large one is a file, converted while it is sent; what comes behind it is not disturbed."""
    options = [option for name in without for option in ("--without", name)]
    body = (LONG + UTF8 + b".\r\n..\r\n") * size
    with Provider(*options) as provider, Postern(provider, upstream={"connections": 1}) as postern:
        arrived = sent(provider, postern, PLAIN + body)
        assert leaves(arrived) == [body] and max(map(len, arrived.split(b"\r\n"))) < 200
        assert sent(provider, postern, PLAIN + b"next\r\n") == PLAIN + b"next\r\n"
        assert provider.stats()["violations"] == 0
        assert len(postern.log("recoded")) == 1


def test_only_the_part_that_needs_it():
    parts = [b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + UTF8, b"Content-Type: text/html\r\n\r\n" + LONG]
    content = MIXED + b"--=_b\r\n".join(parts) + b"--=_b--\r\n"
    with Provider() as provider, Postern(provider) as postern:
        arrived = sent(provider, postern, content)
        assert parts[0] in arrived and leaves(arrived) == leaves(content)
        assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("body", [UTF8, UTF8 + LONG, UTF8 * 20000], ids=["short", "long", "large"])
def test_8_bits_are_encoded_for_an_upstream_without_8bitmime(body):
    with Provider(*WITHOUT) as provider, Postern(provider) as postern:
        arrived = sent(provider, postern, PLAIN + body)
        assert leaves(arrived) == [body] and arrived.isascii()
        assert provider.stats()["violations"] == 0


def test_a_retry_sends_the_same():
    refuses = ["--fault", "dot=reply:450 4.2.0 later,count=1"]
    with Provider(*refuses) as provider, Postern(provider) as postern:
        assert leaves(sent(provider, postern, PLAIN + LONG)) == [LONG]
        first, second = postern.log("recoded")
        assert first["octets_sent"] == second["octets_sent"] != first["octets"]


def test_a_dkim_signature_is_kept_true():
    with Provider() as provider, Postern(provider) as postern:
        message = postern.arrived(postern.send(DKIM + PLAIN + LONG))
        assert message.content.endswith(DKIM + PLAIN + LONG)
        assert "DKIM" in postern.log("not_recoded")[0]["why"]


@pytest.mark.parametrize("long_lines", ["keep", "force"])
def test_what_the_config_says_counts(long_lines):
    with Provider() as provider, Postern(provider, upstream={"long_lines": long_lines}) as postern:
        content = (b"" if long_lines == "keep" else DKIM) + PLAIN + LONG
        arrived = sent(provider, postern, content)
        assert (arrived == PLAIN + LONG) == (long_lines == "keep") and leaves(arrived) == [LONG]


def test_what_is_signed_is_never_touched():
    with Provider() as provider, Postern(provider) as postern:
        content = SIGNED + LONG + b"--s--\r\n"
        assert sent(provider, postern, content) == content
        assert "signed" in postern.log("not_recoded")[0]["why"]


def test_what_is_signed_bounces_if_its_8_bits_cannot_be_sent():
    with Provider(*WITHOUT) as provider, Postern(provider) as postern:
        postern.send(SIGNED + UTF8 + b"--s--\r\n")
        assert status_of(reports(provider)[0])[1][0]["Status"] == "5.6.3"
        postern.wait_empty()
        assert [m.mail_from for m in provider.messages()] == [""]


def test_the_size_that_counts_is_that_which_is_sent():
    body = b"\xff" * 30000 + b"\r\n"
    with Provider(*WITHOUT, "--size", "50000") as provider, Postern(provider) as postern:
        postern.send(PLAIN + body)
        assert status_of(reports(provider)[0])[1][0]["Status"] == "5.3.4"


def test_others_are_sent_while_a_large_one_is_converted():
    """Its upstream is connected and gets it at once, so nothing of the others is sent before; 16 MB take two passes."""
    with Provider(*WITHOUT) as provider, Provider() as other:
        postern = Postern(provider)
        section, = postern.settings["upstream"].values()
        postern.set(upstream={"first": section, "second": dict(section, port=other.ports["starttls"])},
                    route={"large": {"to": ["big.example"], "upstreams": ["first"]}, "rest": {"upstreams": ["second"]}})
        with postern:
            for to in ("b@big.example", "b@x.example"):
                postern.wait_log("delivered", id=postern.send(to=[to]))
            large = postern.send(PLAIN + UTF8 * 800000, to=["b@big.example"])
            while not postern.log("recoded"):
                postern.wait_log("delivered", id=postern.send(to=["b@x.example"]))
            events = [r["event"] for r in postern.log() if r["event"] in ("recoded", "delivered")]
            assert events.index("recoded") > 2
            postern.wait_log("delivered", id=large)
