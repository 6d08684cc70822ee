# SPDX-License-Identifier: ISC
"""Through a real Exim, which offers CHUNKING and no enhanced status codes in most replies."""


import pytest
from exim import Exim
from peer_tests import DOMAIN, RCPT, SENDER, ChunkingTests, content, delivered, random_lines, report
from postern import Postern, submit


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


def test_no_mark_costs_a_connection(peer):
    """Exim hangs up after ten commands that send no mail (smtp_accept_max_nonmail): RSET and EHLO behind mail are free."""
    with Postern(peer, upstream={"connections": 1}) as postern:
        for burst in range(15):
            with postern.smtp() as client:
                for n in range(1 + burst % 3):
                    submit(client, content(name=f"{burst}.{n}"), SENDER, [RCPT])
            postern.wait_empty()
        delivered(peer, postern, 30)
        assert "nonmail" not in peer.text()
        assert postern.status()["counters"]["upstream_connections"] == 1


def test_refusals_in_a_row_cost_no_more_than_connections(peer):
    """Nothing was taken between them: Exim does count those, and says so without TLS before it hangs up."""
    with Postern(peer, upstream={"connections": 1}, queue={"retry_min": "100ms", "retry_max": "200ms"}) as postern:
        with postern.smtp() as client:
            ids = [submit(client, content(name=str(n)), "", [f"nobody@{DOMAIN}"]) for n in range(30)]
        postern.wait_empty()
        assert sorted(r["id"] for r in postern.log("failed")) == sorted(ids)
        assert not postern.log("upstream_falls_back") and not postern.log("upstream_held")
