# SPDX-License-Identifier: ISC
"""Senders share a limited rate: nobody waits behind another's backlog."""

import os

import pytest
from postern import Postern

BACKLOG = 100000 if os.environ.get("POSTERN_SLOW") else 3000
NEWS, RESET = "news@bulk.example", "reset@app.example"
IN_FLIGHT = 1  # handed to an uplink before the other message was there: each has its token of the rate


@pytest.fixture
def relay(provider):
    """A posternd with a backlog of one sender, of which a few messages leave each second."""
    with Postern(provider, upstream={"rate": "4/s", "connections": 8}) as postern:
        postern.load(BACKLOG, "--sender", NEWS)
        postern.wait_log("delivered", n=5)  # what the bucket of the rate held is gone
        yield postern


def left_before(postern, id):
    """How many of the backlog left between the acceptance of a message and its own delivery."""
    postern.wait_log("delivered", id=id)
    records = postern.log()
    accepted = next(i for i, r in enumerate(records) if r["event"] == "accepted" and r["id"] == id)
    delivered = next(i for i, r in enumerate(records) if r["event"] == "delivered" and r["id"] == id)
    return sum(r["event"] == "delivered" and r["from"] == NEWS for r in records[accepted:delivered])


def test_a_message_of_another_sender_leaves_within_a_slot(relay):
    for _ in range(3):
        id = relay.send(sender=RESET)
        assert left_before(relay, id) <= IN_FLIGHT


def test_every_sender_has_its_turn(relay):
    ids = [relay.send(sender=f"{name}@app.example") for name in "abc"]
    for place, id in enumerate(ids):
        assert left_before(relay, id) <= IN_FLIGHT + place
