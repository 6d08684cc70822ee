# SPDX-License-Identifier: ISC
"""Real mail servers as upstreams, each with a directory and ports of its own on 127.0.0.1.

    with Postfix() as peer, Postern(peer, tls="implicit") as postern:
        postern.send(CONTENT, sender="a@peer.example", to=["b@peer.example"])
        assert peer.wait_for(1)[0].content == CONTENT

A peer has what Postern wants of a provider (ports, ca_file, user, password).  It asks for TLS and a login and
delivers mail for MAILBOXES of DOMAIN; others of that domain are unknown to it.  All of it needs root.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from postern import free_port
from provider import PASSWORD, USER, certificates, wait_until

DOMAIN = "peer.example"
MAILBOXES = ("a", "b", "c", *(f"r{n:06}" for n in range(100)))  # the numbered ones are what postern-load writes to
TRACE = re.compile(rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Delivery-Date|Received):[^\n]*\n"
                   rb"(?:[ \t][^\n]*\n)*)*", re.IGNORECASE)


def greets(port, tls):
    """Does a server answer there?  (On an implicit port it says nothing before the handshake.)"""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return tls == "implicit" or s.recv(4) == b"220 "
    except OSError:
        return False


class Delivered:
    """A message in a mailbox: its content below the trace headers, with CRLF."""

    def __init__(self, path):
        raw = path.read_bytes()
        self.trace = TRACE.match(raw)[0].decode()
        self.content = raw[len(self.trace.encode()):].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    @property
    def transaction(self):
        """What it has in common with no other but its copies for other recipients: the peer's own Received header."""
        return re.search(r"^Received:[^\n]*\n(?:[ \t][^\n]*\n)*", self.trace, re.IGNORECASE | re.MULTILINE)[0]

    @property
    def queue_id(self):
        """The id that posternd gave it."""
        return re.search(r"by relay\.example\b[^;]*\bid (\w+)", self.trace)[1]

    @property
    def return_path(self):
        found = re.search(r"^Return-Path: *<(.*)>", self.trace, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else ""  # OpenSMTPD writes none for the null one


class Peer:
    """What all have in common; a subclass has NEEDS, write_config() and command().

    With BUSY, write_config() is called again, for other ports, where another program was faster than the peer.
    """

    NEEDS = ()  # the programs it wants
    BUSY = None  # what it logs when a port of its is taken
    QUEUES = ()  # below dir: where it keeps what it has accepted and not delivered

    def __init__(self):
        self.skip_unless_possible()
        self._own = tempfile.TemporaryDirectory(prefix="postern-peer-")
        self.dir = pathlib.Path(self._own.name)
        self.dir.chmod(0o755)
        self.user = USER
        self.password = PASSWORD
        self.ca_file = certificates() / "ca.pem"
        self.choose_ports()
        self.log_file = self.dir / "peer.log"
        self.mail = self.dir / "mail"
        self._processes = []

    @classmethod
    def skip_unless_possible(cls):
        if os.geteuid() != 0:
            pytest.skip(f"{cls.__name__} runs as root only")
        for program in cls.NEEDS:
            if not os.path.exists(program):
                pytest.skip(f"there is no {program}")

    def certificate(self):
        """The paths of its certificate and key; the key in a file that root alone reads."""
        key = self.dir / "key.pem"
        shutil.copy(certificates() / "good.key", key)
        key.chmod(0o600)
        return certificates() / "good.pem", key

    def choose_ports(self):
        self.ports = {"starttls": free_port(), "implicit": free_port()}

    def prepare(self):
        """What is done once, before write_config()."""

    def _start_somewhere(self):
        for tries_left in (2, 1, 0):
            self.write_config()
            try:
                self.start()
                return
            except AssertionError:
                if not tries_left or not self.BUSY or self.BUSY not in self.text():
                    raise
                self.kill()
                self.log_file.unlink()
                self.choose_ports()

    def __enter__(self):
        try:
            self.prepare()
            self._start_somewhere()
        except BaseException:
            self.close(show=True)
            raise
        return self

    def __exit__(self, kind, *exc):
        self.close(show=kind is not None)

    def close(self, show):
        self.kill()  # at once: nothing hangs on how it ends
        if show and self.log_file.exists():
            print(f"---- {self.log_file}\n" + self.log_file.read_text(errors="replace")[-20000:])
        self._own.cleanup()

    def spawn(self, *argv):
        """Start a server that stays in the foreground, in a process group of its own, and ends when we are killed."""
        with open(self.dir / "output", "ab") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        # A death signal (prctl) would be forgotten when a server changes its user; the end of a pipe is not.
        process.watcher = subprocess.Popen(["sh", "-c", "read -r x; kill -KILL -$0", str(process.pid)],
                                           stdin=subprocess.PIPE, start_new_session=True)
        self._processes.append(process)
        return process

    def start(self):
        process = self.spawn(*self.command())

        def serves():
            assert process.poll() is None, f"{type(self).__name__} ended with {process.returncode}"
            return all(greets(port, tls) for tls, port in self.ports.items())

        wait_until(serves, 20, f"{type(self).__name__} on ports {self.ports}")

    def at_rest(self):
        """Has it delivered all that it accepted, and written down that it has?"""
        return not any(files for queue in self.QUEUES for _, _, files in os.walk(self.dir / queue))

    def stop(self):
        """End it and all that it has forked, once it is at rest: what is in a mailbox and its queue comes twice."""
        wait_until(self.at_rest, 15, f"{type(self).__name__} at rest")
        for process in reversed(self._processes):
            _signal_group(process.pid, signal.SIGTERM)
            try:
                _wait_gone(process, 15)
            except (subprocess.TimeoutExpired, TimeoutError):
                _signal_group(process.pid, signal.SIGKILL)
        self.kill()

    def kill(self):
        """kill -9 to it and to all that it has forked.

        A delivery agent in a session of its own (OpenSMTPD's) would take the end of its pipe for the end of the
        message, and deliver a part of it: all stand still before the first of them goes.
        """
        for process in self._processes:
            _signal_group(process.pid, signal.SIGSTOP)
            below = _descendants(process.pid)
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in below:
                    _signal(pid, number)
            _signal_group(process.pid, signal.SIGKILL)
        for process in self._processes:
            _wait_gone(process, 10)
            process.watcher.kill()
            process.watcher.communicate()
        self._processes = []

    def messages(self, mailbox="b"):
        """What was delivered to a mailbox, oldest first."""
        found = (self.mail / mailbox / "new").glob("*")
        return [Delivered(path) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def count(self, mailbox="b"):
        """How many messages a mailbox holds."""
        try:
            return len(os.listdir(self.mail / mailbox / "new"))
        except FileNotFoundError:
            return 0

    def wait_for(self, n, mailbox="b", timeout=30):
        """Wait until a mailbox holds n messages; returns them."""
        wait_until(lambda: self.count(mailbox) >= n, timeout, f"{n} messages in mailbox {mailbox}")
        return self.messages(mailbox)

    def forget(self, mailbox="b"):
        for path in (self.mail / mailbox / "new").glob("*"):
            path.unlink()

    def text(self):
        """What it has logged."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


class ScriptPeer(Peer):
    """A server that is a library and SCRIPT, which reads its settings from a file."""

    SCRIPT = None

    def __init__(self, size=50_000_000):
        super().__init__()
        self._size = size
        self.log_file = self.dir / "output"

    def write_config(self):
        cert, key = self.certificate()
        for name in MAILBOXES:
            for part in ("tmp", "new"):
                (self.mail / name / part).mkdir(parents=True)
        (self.dir / "settings.json").write_text(json.dumps({
            "domain": DOMAIN, "mailboxes": MAILBOXES, "mail": str(self.mail), "size": self._size, "cert": str(cert),
            "key": str(key), "user": self.user, "password": self.password, **self.ports}))

    def interpreter(self):
        """The argv that runs a script."""
        raise NotImplementedError

    def command(self):
        return [*self.interpreter(), pathlib.Path(__file__).with_name(self.SCRIPT), self.dir / "settings.json"]

    def logins(self):
        return self.text().count("login accepted")


def _descendants(pid):
    """All processes below one, in whatever group or session."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid for child in map(int, children) for pid in (child, *_descendants(child))]


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_group(pid, number):
    """Send a signal to a process group; False when nothing of it is left."""
    try:
        os.killpg(pid, number)
        return True
    except ProcessLookupError:
        return False


def _wait_gone(process, timeout):
    """Wait until nothing runs of a process and its group.  Who reaps what it has forked, if anybody, is not waited for."""
    process.wait(timeout)
    wait_until(lambda: not _signal_group(process.pid, 0) or not _runs(process.pid), timeout, "the end of a peer")


def _runs(group):
    """Is a process of this group more than a zombie?"""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_text().rsplit(") ", 1)[1].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False
