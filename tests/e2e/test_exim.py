# SPDX-License-Identifier: ISC
"""Through a real Exim, which offers CHUNKING and no enhanced status codes in most replies."""

import pytest
from exim import Exim
from peer_tests import RCPT, SENDER, ChunkingTests, content, random_lines, report
from postern import Postern


@pytest.fixture
def peer():
    with Exim() as peer:
        yield peer


class TestExim(ChunkingTests):
    pass


def test_message_larger_than_exim_takes():
    with Exim(size=10000) as peer, Postern(peer) as postern:
        postern.send(content(random_lines(20000)), SENDER, [RCPT])
        text, rcpt, original = report(peer, postern)
        assert rcpt["Final-Recipient"] == f"rfc822; {RCPT}"
        assert rcpt["Status"] == "5.3.4"
        assert "10000" in text
        assert peer.messages() == []
