# SPDX-License-Identifier: ISC
"""The provider that every relay of a run sends to: the test provider, which counts and keeps nothing."""

import contextlib
import os

from provider import PASSWORD, USER, Provider

CLOCK_TICKS = os.sysconf('SC_CLK_TCK')


class Upstream(Provider):
    name = 'localhost'  # as its certificate says
    user = USER
    password = PASSWORD

    def __init__(self):
        super().__init__(capture=False, log=False, exit_after=86400)

    def delivered(self):
        return self.stats()['messages']

    def reset(self):
        self.command('reset')

    @contextlib.contextmanager
    def distance(self, round_trip_ms):
        """For so long all that it sends arrives so much later, which clients take for the round trip."""
        self.set('latency', round_trip_ms)
        try:
            yield
        finally:
            with contextlib.suppress(ConnectionError):
                self.set('latency', 0)

    def hold(self):
        """From now on nothing gets past MAIL: clients wait, and the relay's queue only grows."""
        self.fault('mail=silence')

    def release(self):
        """Let mail through again, and hang up on those that wait."""
        with contextlib.suppress(ConnectionError):  # interrupted: it went first
            self.clear_faults()
            self.command('drop-all')

    def cpu_seconds(self):
        with open(f'/proc/{self.pid}/stat') as stat:
            fields = stat.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
