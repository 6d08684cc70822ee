# SPDX-License-Identifier: ISC
"""What every relay under test has in common; a new one is a subclass with write_config() and start()."""

import os
import shutil

from .process import Group, free_port, greets, wait_for


class Relay:
    """One relay, configured from nothing in directories of its own, relaying all to one upstream.

    home is for its configuration and logs, queue lies on the measured volume; both are new for each run,
    so that no run meets the files of another.
    """

    name = None
    delivers = True  # to the rig's upstream; otherwise only its accepting is measured

    def __init__(self, home, queue, upstream, clients, connections=None):
        self.home = os.path.join(home, self.name)
        self.queue = os.path.join(queue, self.name)
        self.upstream = upstream
        self.clients = clients
        self.connections = connections  # to the upstream at most; None: as many as it likes
        self.port = free_port()
        self.group = None

    @classmethod
    def missing(cls):
        """The names of what must be installed first."""
        return []

    def path(self, *names):
        return os.path.join(self.home, *names)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), 'w') as out:
            os.fchmod(out.fileno(), mode)
            out.write(text)

    def write_config(self):
        raise NotImplementedError

    def command(self):
        """The argv that runs it in the foreground."""
        raise NotImplementedError

    @classmethod
    def version(cls):
        raise NotImplementedError

    def start(self, wrapper=()):
        """Start it, under the wrapper (strace) if there is one, and wait until it greets."""
        os.mkdir(self.home, 0o755)
        os.mkdir(self.queue, 0o755)
        self.write_config()
        self.group = Group(self.name)
        self.group.start([*wrapper, *self.command()], self.path('output'))
        wait_for(f'{self.name} on port {self.port}', lambda: greets(self.port), 30)

    def main_pid(self):
        """Whom to tell to stop, if that is not the process that was started."""
        return None

    def log(self):
        """The file that it logs to."""
        return self.path('output')

    def last_words(self, lines=5):
        try:
            with open(self.log(), errors='replace') as log:
                return ''.join(log.readlines()[-lines:])
        except OSError as error:
            return str(error)

    def cpu_seconds(self):
        return self.group.cpu_seconds()

    def stop(self, seconds=20):
        if self.group is not None:
            self.group.stop(self.main_pid(), seconds)
            self.group.remove()
            self.group = None
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.queue, ignore_errors=True)
