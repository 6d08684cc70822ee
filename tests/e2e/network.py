# SPDX-License-Identifier: ISC
"""Two hosts of one's own, server and client, as network namespaces that are joined by a cable: for clients from elsewhere.

    with Network(["203.0.113.1"], ["203.0.113.2", "2001:db8::2"]) as network:
        with network.server():
            postern.start()
        with network.client():
            Talk(postern.port, "203.0.113.1", source="2001:db8::2")

What is opened or started within server() or client() stays there.  Needs root and ip(8): else the test is skipped.
"""

import contextlib
import ctypes
import itertools
import os
import subprocess

import pytest

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

_numbers = itertools.count()


def _run(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, timeout=30)


@contextlib.contextmanager
def _opened(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Network:
    def __init__(self, server, client):
        """The addresses of each, which reach each other (/24 and /64)."""
        name = f"postern-{os.getpid()}-{next(_numbers)}"
        self._names = [name + "-s", name + "-c"]
        self._addresses = dict(zip(self._names, [server, client]))

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        for name in self._names:
            try:
                done = _run("netns", "add", name)
            except FileNotFoundError:
                pytest.skip("there is no ip(8)")
            if done.returncode != 0:
                pytest.skip(f"ip netns add: {done.stderr.strip()}")
        server, client = self._names
        self._must("-n", server, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", client)
        for name, addresses in self._addresses.items():
            for link in ("lo", "cable"):
                self._must("-n", name, "link", "set", link, "up")
            for address in addresses:
                plain = ["nodad"] if ":" in address else []
                self._must("-n", name, "addr", "add", address + ("/64" if plain else "/24"), "dev", "cable", *plain)

    @staticmethod
    def _must(*words):
        done = _run(*words)
        if done.returncode != 0:
            pytest.skip(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def __exit__(self, *exc):
        for name in self._names:
            _run("netns", "delete", name)

    @contextlib.contextmanager
    def _inside(self, name):
        with _opened("/proc/thread-self/ns/net") as home, _opened(f"/run/netns/{name}") as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)

    def server(self):
        return self._inside(self._names[0])

    def client(self):
        return self._inside(self._names[1])
