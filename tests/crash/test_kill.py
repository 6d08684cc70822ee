# SPDX-License-Identifier: ISC
"""kill -9 at random moments under load: what was answered 250 arrives, and only what was in flight arrives twice.

POSTERN_SLOW=1 runs ten times as many rounds; POSTERN_SEED=N repeats a run's random choices.
"""

import collections
import json
import os
import random
import signal
import subprocess
import time

import pytest
from postern import Postern, wait_until
from provider import BUILD, Provider

ROUNDS = 200 if os.environ.get("POSTERN_SLOW") else 20
CLIENTS = 20
MESSAGES = 600
SIZES = ("1K", "4K", "4K", "40K", "200K")
WINDOW = 3.0  # seconds between an upstream's taking a message and the kill that made us forget it; machines stall


class Load:
    """Clients that send one message after another until MESSAGES were accepted or a time has passed."""

    def __init__(self, postern, acks, size):
        self.process = subprocess.Popen(
            [BUILD / "postern-load", "--clients", str(CLIENTS), "--messages", str(MESSAGES), "--time", "4s",
             "--stall", "20s", "--size", size, "--ack-log", acks, "127.0.0.1", str(postern.port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        output, _ = self.process.communicate(timeout=60)
        return json.loads(output[output.index("{"):])


def kill(postern, target):
    """Returns when it happened."""
    if target == "all":
        postern.kill_all()
        moment = time.time()
        postern.start()
    elif target == "master":
        master = postern.process
        master.kill()
        moment = time.time()
        master.wait(10)
        postern.start()  # it waits until the orphans have ended
    else:
        pid = postern.kill(target)
        moment = time.time()
        postern.wait_restart(target, pid)
    return moment


def arrivals(provider):
    """When each message arrived, by its X-Test-Id."""
    times = collections.defaultdict(list)
    for event in provider.events("message"):
        times[event["test_id"]].append(event["t"])
    return times


@pytest.mark.timeout(60 + ROUNDS * 30)
def test_nothing_accepted_is_lost_and_only_what_was_in_flight_is_doubled(tmp_path):
    seed = int(os.environ.get("POSTERN_SEED", time.time_ns() % 1000000))
    print(f"POSTERN_SEED={seed}")
    choice = random.Random(seed)
    acks = tmp_path / "acks"
    acks.touch()
    kills = []
    with Provider(capture=False) as provider, Postern(provider) as postern:
        for _ in range(ROUNDS):
            load = Load(postern, acks, choice.choice(SIZES))
            time.sleep(choice.uniform(0.02, 0.5))  # the random moment, not a wait for anything
            kills.append(kill(postern, choice.choice(["listener", "outbound", "master", "all"])))
            assert load.finish()["accepted"] > 0
        accepted = set(acks.read_text().split())
        wait_until(lambda: accepted <= set(arrivals(provider)), 120, "the arrival of all that was accepted")
        postern.wait_empty(60)
        arrived = arrivals(provider)
        doubled = {test_id: times for test_id, times in arrived.items() if len(times) > 1}
        print(f"{len(accepted)} accepted, {len(arrived)} arrived, {len(doubled)} more than once, {len(kills)} kills")
        for test_id, times in doubled.items():
            assert any(times[0] <= moment + 0.5 and moment - times[0] <= WINDOW for moment in kills), \
                f"{test_id} arrived at {times}, and no kill was near: {kills}"
        assert len(doubled) <= len(kills) * 2 * 10, "more than ten connections with two messages each can hold"
        assert not postern.log("spool_damage")


def test_a_worker_that_dies_is_named_with_its_signal():
    with Provider() as provider, Postern(provider) as postern:
        for role in ("listener", "outbound"):
            pid = postern.kill(role, signal.SIGSEGV)
            assert postern.wait_log("worker_died", worker=role, pid=pid)["signal"] == "SIGSEGV"
            postern.wait_restart(role, pid)
        postern.wait_log("delivered", id=postern.send())
