# SPDX-License-Identifier: ISC
"""While one message of a hundred stays, the log keeps within twice what stays and two segments."""

import os
import time

import pytest
from postern import Postern, wait_until
from provider import Provider

MIB = 1024 * 1024
SEGMENT = 64 * MIB  # with its outcomes
SIZE = 60 * 1024
ROUNDS, BATCH = (20, 2000) if os.environ.get("POSTERN_SLOW") else (5, 1000)
LATER = "rcpt=reply:450 4.2.1 later,every=100"


@pytest.fixture
def relay():
    with Provider(capture=False, log=False) as provider:
        with Postern(provider, queue={"retry_min": "1h", "retry_max": "2h"}, upstream={"connections": 4}) as postern:
            yield postern


def used(postern):
    total = 0
    for path in (postern.spool / "log").iterdir():
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass
    return total


def waiting(postern):
    return postern.queue()


def wait_for_bound(postern, timeout=60):
    """Wait until the log is as small as it must be for what waits now."""
    live = sum(message["size"] for message in waiting(postern))
    bound = 2 * live + 2 * SEGMENT
    wait_until(lambda: used(postern) <= bound, timeout, f"at most {bound} octets ({used(postern)} now, {live} live)")


@pytest.mark.timeout(1800)
def test_what_stays_holds_no_more_than_twice_its_size(relay):
    relay.provider.fault(LATER)
    for n in range(1, ROUNDS + 1):
        relay.load(BATCH, size=SIZE)
        relay.provider.wait_for_stat("messages", BATCH * n * 99 // 100, 120)
        wait_until(lambda: len(waiting(relay)) == BATCH * n // 100, 30, "the rest to wait")
        wait_for_bound(relay)
    stay = {message["id"] for message in waiting(relay)}
    relay.restart()
    assert {message["id"] for message in waiting(relay)} == stay
    wait_for_bound(relay)
    relay.provider.clear_faults()
    assert relay.ctl("retry", "--all").returncode == 0
    relay.wait_empty(60)
    wait_for_bound(relay)
    delivered = [record["id"] for record in relay.log("delivered")]
    assert len(delivered) == len(set(delivered)) == relay.provider.stats()["messages"] == ROUNDS * BATCH
    assert stay <= set(delivered)


def test_reports_leave_nothing_behind(relay):
    """They are written by outbound itself, whose segment ends when all that is in it is done."""
    relay.provider.fault("rcpt=reply:550 5.1.1 no,rcpt=*@load.example")
    relay.load(6000, "--sender", "app@sender.example", size=4000)
    wait_until(lambda: relay.provider.stats()["messages"] == 6000, 60, "all reports")
    relay.wait_empty(60)
    wait_for_bound(relay)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:  # nor does it go on for ever about the last few
        assert used(relay) <= 2 * SEGMENT
        time.sleep(0.1)


def test_orders_find_what_is_being_moved(relay):
    """A message that is copied within the spool is not being sent: an order waits for the copy."""
    relay.provider.fault("rcpt=reply:450 4.2.1 later")
    relay.load(2000, "--senders", "2000", size=SIZE)
    wait_until(lambda: sum(message["attempts"] for message in waiting(relay)) == 2000, 60, "all to have been tried")
    first = min((relay.spool / "log").glob("*.seg"))
    orders = [["hold", "--all"], *(["delete", "--from", f"*{digit}.sender@*"] for digit in "12345678")]
    assert [relay.ctl(*order).returncode for order in orders] == [0] * len(orders)
    stay = [message["id"] for message in waiting(relay)]
    turns = 0
    while first.exists() or turns < 10:
        one = stay[turns % len(stay)]
        for order in (["hold", "--all"], ["release", one]):
            done = relay.ctl(*order)
            assert done.returncode == 0, done.stderr
        wait_until(lambda: relay.ctl("hold", one).returncode == 0, 30, "the end of its attempt")
        turns += 1
    assert {message["id"] for message in waiting(relay)} == set(stay)
