# SPDX-License-Identifier: ISC
"""Processes and what they cost: every server runs in a control group of its own, so that its CPU time
counts whatever it forks, and so that stopping it leaves nothing behind."""

import errno
import os
import signal
import socket
import subprocess
import time


class RigError(Exception):
    """Something of the rig itself failed; the text is for the reader of the terminal."""


def wait_for(what, condition, seconds, interval=0.02):
    """Poll until condition() is true and return its value; RigError after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RigError(f'{what}: not within {seconds} s')
        time.sleep(interval)


def free_port():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def greets(port):
    """True when an SMTP server on this port says 220."""
    try:
        with socket.create_connection(('127.0.0.1', port), timeout=5) as s:
            said = s.recv(512)
            s.sendall(b'QUIT\r\n')
            return said.startswith(b'220')
    except OSError:
        return False


def cgroup2_root():
    """Where the unified hierarchy is mounted, if we may make groups there."""
    with open('/proc/mounts') as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == 'cgroup2' and os.access(fields[1], os.W_OK):
                return fields[1]
    return None


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def is_strace(pid):
    try:
        with open(f'/proc/{pid}/comm') as comm:
            return comm.read().strip() == 'strace'
    except OSError:
        return False


class Group:
    """A control group: the processes started in it and all that they fork.  Without cgroup v2 there is
    no CPU time to report (None), and only the processes started here are stopped."""

    def __init__(self, name):
        root = cgroup2_root()
        self.path = None
        self.started = []
        if root is not None:
            self.path = os.path.join(root, f'postern-bench-{os.getpid()}-{name}')
            os.mkdir(self.path)

    def start(self, argv, log, **options):
        """Start argv in the group, its output appended to the file log."""
        with open(log, 'ab') as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       start_new_session=True, preexec_fn=self._join, **options)
        self.started.append(process)
        return process

    def _join(self):
        if self.path is not None:
            with open(os.path.join(self.path, 'cgroup.procs'), 'w') as procs:
                procs.write(str(os.getpid()))

    def cpu_seconds(self):
        if self.path is None:
            return None
        with open(os.path.join(self.path, 'cpu.stat')) as stat:
            for line in stat:
                key, value = line.split()
                if key == 'usage_usec':
                    return int(value) / 1e6
        return None

    def pids(self):
        if self.path is None:
            return [p.pid for p in self.started if p.poll() is None]
        for process in self.started:
            process.poll()
        with open(os.path.join(self.path, 'cgroup.procs')) as procs:
            return [int(line) for line in procs]

    def stop(self, main_pid=None, seconds=20):
        """SIGTERM to what was started, or to main_pid; then SIGKILL to whatever is left of the group, to strace
        last, which writes its file when it has nobody left to trace."""
        for pid in [main_pid] if main_pid else [p.pid for p in self.started if p.poll() is None]:
            send(pid, signal.SIGTERM)
        if not self._ended(seconds):
            for pid in self.pids():
                if not is_strace(pid):
                    send(pid, signal.SIGKILL)
            if not self._ended(10):
                for pid in self.pids():
                    send(pid, signal.SIGKILL)
                wait_for('the end of killed processes', lambda: not self.pids(), 20)
        for process in self.started:
            process.wait()
        self.started = []

    def _ended(self, seconds):
        try:
            return wait_for('the end of its processes', lambda: not self.pids(), seconds)
        except RigError:
            return False

    def remove(self):
        if self.path is not None:
            wait_for(f'the end of {self.path}', self._removed, 20)
            self.path = None

    def _removed(self):
        # A dying process is no longer listed, but its group is busy until it is quite dead.
        try:
            os.rmdir(self.path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True
