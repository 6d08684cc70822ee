# SPDX-License-Identifier: ISC
"""Two real upstreams, each killed and restarted under load: nothing is lost, and doubled is only what was in flight."""

import threading

import pytest
from aiosmtpd_peer import Aiosmtpd
from peer_tests import RCPT, SENDER, content, doubled, load, load_id, uncertain, wait_loaded
from postern import Postern, wait_until
from postfix import Postfix

MAILBOX = "r000000"  # what postern-load writes to
BATCH = 200
ENOUGH = 100  # messages until the next kill


class Clients(threading.Thread):
    """They keep some messages waiting, but not more than the peers could ever take, until they are told to stop."""

    def __init__(self, postern, peers):
        super().__init__()
        self.accepted = []
        self._postern = postern
        self._peers = peers
        self._done = threading.Event()

    def run(self):
        while not self._done.wait(0.01):
            if len(self.accepted) - sum(map(count, self._peers)) < BATCH:
                self.accepted = wait_loaded(*load(self._postern, "--clients", "10", "--messages", str(BATCH)))

    def stop(self):
        self._done.set()
        self.join()


def count(peer):
    return peer.count(MAILBOX)


def wait_busy(peer):
    """Wait until it has taken some more."""
    peer.wait_for(count(peer) + ENOUGH, MAILBOX)


@pytest.fixture
def peers():
    with Postfix() as first, Aiosmtpd() as second:
        yield first, second


@pytest.fixture
def postern(peers):
    postern = Postern(peers[0], wait=False)
    section, = postern.settings["upstream"].values()
    postern.set(upstream={name: dict(section, port=peer.ports["starttls"])
                          for name, peer in zip(("first", "second"), peers)})
    with postern:
        postern.wait_ready()
        yield postern


def test_killed_by_turns(peers, postern):
    first, second = peers
    clients = Clients(postern, peers)
    clients.start()
    try:
        wait_busy(first)
        assert count(second) == 0
        first.kill()
        wait_busy(second)
        second.kill()
        first.start()
        wait_busy(first)
        second.start()
        first.kill()
        wait_busy(second)
        first.start()
        wait_busy(first)
    finally:
        clients.stop()
    postern.wait_empty()
    last = postern.send(content(), SENDER, [RCPT])
    assert postern.wait_log("delivered", id=last)["upstream"] == "first"

    wait_until(lambda: ids_at(peers) == set(clients.accepted), 30, "all that was accepted")
    assert doubled(first.messages(MAILBOX) + second.messages(MAILBOX)) <= uncertain(postern)
    assert postern.log("failed") == []


def ids_at(peers):
    return {load_id(got) for peer in peers for got in peer.messages(MAILBOX)}
