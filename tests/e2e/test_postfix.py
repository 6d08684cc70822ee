# SPDX-License-Identifier: ISC
"""Through a real Postfix that asks for a login by Dovecot SASL."""

import pytest
from peer_tests import RCPT, SENDER, ChunkingTests, content, delivered, random_lines, report
from postern import Postern
from postfix import Postfix


@pytest.fixture
def peer():
    with Postfix() as peer:
        yield peer


class TestPostfix(ChunkingTests):
    pass


def test_message_larger_than_postfix_takes():
    with Postfix(size=10000) as peer, Postern(peer) as postern:
        postern.send(content(random_lines(20000)), SENDER, [RCPT])
        text, rcpt, original = report(peer, postern)
        assert rcpt["Final-Recipient"] == f"rfc822; {RCPT}"
        assert rcpt["Status"] == "5.3.4"
        assert "10000" in text
        assert peer.messages() == []
