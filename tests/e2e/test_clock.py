# SPDX-License-Identifier: ISC
"""A wall clock that is set while mail waits: none is late or given up for it."""

import os
import pathlib
import struct
import subprocess

import pytest
from postern import CONTENT, Postern
from provider import Provider, wait_until

DAY_S = 86400
BUSY = "rcpt=reply:450 4.2.1 mailbox busy,rcpt=b@*"


class WallClock:
    """What Postern(environment=clock.environment) takes for the time of day."""

    def __init__(self, folder):
        self._file = folder / "off"
        self.set(0)
        shim = folder / "wall_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, pathlib.Path(__file__).with_name("wall_clock.c")],
                       check=True, timeout=60)
        folder.chmod(0o755)
        self.environment = {"LD_PRELOAD": str(shim), "WALL_CLOCK": str(self._file),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set(self, off_s):
        with open(self._file, "r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("=q", off_s * 1000))


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


@pytest.fixture
def provider():
    with Provider() as provider:
        yield provider


def put_off(postern):
    postern.provider.fault(BUSY)
    id = postern.send(CONTENT)
    postern.wait_log("deferred", id=id)
    postern.provider.clear_faults()
    return id


@pytest.mark.parametrize("by_s", [10 * DAY_S, -10 * DAY_S, 3600, -3600])
def test_all_that_waits_is_tried_when_the_clock_is_set(provider, clock, by_s):
    queue = {"retry_min": "1h", "retry_max": "1h", "lifetime": "2d"}
    with Postern(provider, environment=clock.environment, queue=queue) as postern:
        id = put_off(postern)
        clock.set(by_s)
        postern.wait_log("delivered", id=id)
        step, = postern.log("clock_stepped")
        assert abs(int(step["by_ms"]) - by_s * 1000) < 1000
        assert not postern.log("bounced") and not postern.log("warned")


def test_a_clock_that_was_ahead_puts_nothing_off_for_long(provider, clock):
    with Postern(provider, environment=clock.environment, queue={"retry_min": "1s", "retry_max": "1s"}) as postern:
        clock.set(DAY_S)
        wait_until(lambda: postern.log("clock_stepped"), 20, "the step")
        id = put_off(postern)
        postern.stop()
        clock.set(0)
        postern.start()
        postern.wait_log("delivered", id=id)


def test_what_grew_too_old_while_stopped_is_tried_first(provider, clock):
    with Postern(provider, environment=clock.environment, upstream={"timeout": "9s"}) as postern:
        provider.stop_listening()
        id = postern.send(CONTENT)
        postern.wait_log("upstream_held")
        postern.stop()
        clock.set(10 * DAY_S)
        provider.start_listening()
        provider.fault("greeting=delay:2500")  # longer than a turn of the sweep
        postern.start()
        postern.wait_log("delivered", id=id)
        assert not postern.log("bounced") and not postern.log("warned")


def test_and_is_given_up_when_that_fails(provider, clock):
    with Postern(provider, environment=clock.environment, queue={"retry_min": "1h", "retry_max": "1h"}) as postern:
        put_off(postern)
        postern.stop()
        clock.set(10 * DAY_S)
        provider.fault(BUSY)
        postern.start()
        postern.wait_log("bounced")
        assert len(postern.log("deferred")) == 2
