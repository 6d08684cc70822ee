# SPDX-License-Identifier: ISC
"""BDAT (RFC 3030): content in chunks arrives octet by octet, and what is refused leaves the stream in step."""

import pytest
from postern import Postern, wait_until
from provider import Provider
from talk import Talk

ENVELOPE = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"
HEADER = b"From: a@x.example\r\nDate: x\r\nMessage-ID: <m>\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    with Provider() as provider, Postern(provider, limits={"message_size": "1M", "errors": 1000}) as postern:
        yield postern


@pytest.fixture
def talk(server):
    with Talk(server.port) as talk:
        yield talk.starts()


def chunks(content, size):
    """The content as BDAT commands of that size, the last one LAST."""
    starts = range(0, len(content), size)
    return b"".join(b"BDAT %d%s\r\n%s" % (len(content[at:at + size]), b" LAST" * (at == starts[-1]), content[at:at + size])
                    for at in starts)


def arrived(server, start):
    """The content of the next message that the provider got behind those before."""
    wait_until(lambda: len(server.provider.messages()) > start)
    return server.provider.messages()[-1].content


@pytest.mark.parametrize("size", [1, 7, 998, 65536, 10**9])
def test_content_arrives_octet_by_octet(server, talk, size):
    before = len(server.provider.messages())
    content = HEADER + b".\r\n..\r\n.x\r\n\xc3\xbc\r\n" + (b"y" * 70 + b"\r\n") * (10 if size < 100 else 3000)
    talk.send(ENVELOPE + chunks(content, size))
    replies = [talk.reply() for _ in range(2 + -(-len(content) // size))]
    assert all(reply.startswith("250 ") for reply in replies)
    assert "queued as" in replies[-1]
    assert arrived(server, before).endswith(content)


def test_byte_by_byte(server, talk):
    for octet in ENVELOPE + chunks(HEADER + b"x\r\n", 20) + b"NOOP\r\n":
        talk.send(bytes([octet]))
    replies = [talk.reply() for _ in range(2 + -(-len(HEADER + b"x\r\n") // 20) + 1)]
    assert [reply[:3] for reply in replies] == ["250"] * len(replies)


def test_nul_is_refused_behind_its_chunk(talk):
    talk.send(ENVELOPE + b"BDAT 4\r\na\0\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
    assert [talk.reply()[:9] for _ in range(5)] == ["250 2.1.0", "250 2.1.5", "554 5.6.0", "503 5.5.1", "250 2.0.0"]


def test_a_chunk_over_the_limit_is_taken_and_refused(talk):
    talk.send(ENVELOPE + b"BDAT 3000000\r\n" + b"QUIT\r\n" * 500000 + b"NOOP\r\n")
    assert [talk.reply()[:3] for _ in range(4)] == ["250", "250", "552", "250"]
    talk.send(ENVELOPE + chunks(HEADER, 1000))
    assert "queued as" in [talk.reply() for _ in range(3)][-1]


def test_without_a_size_nothing_more_is_read(talk):
    talk.send(ENVELOPE + b"BDAT many\r\nRSET\r\n")
    assert [talk.reply()[:3] for _ in range(3)] == ["250", "250", "501"]
    assert talk.is_over()
