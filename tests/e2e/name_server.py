# SPDX-License-Identifier: ISC
"""A name server that says what it is told to, and a posternd that asks no other.

    with NameServer() as dns:
        dns.records["mail.test"] = ["127.0.0.1", "::1"]
        with Provider() as provider, Postern(provider, wait=False) as postern: ...

dns.mode is answer, nxdomain, servfail or silent, for every name.
"""

import contextlib
import ctypes
import ipaddress
import os
import socket
import struct
import tempfile
import threading

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
A, AAAA = 1, 28
RCODE = {"answer": 0, "servfail": 2, "nxdomain": 3}
LIBC = ctypes.CDLL(None, use_errno=True)


class NameServer:
    """Records by name: lists of addresses.  `silent_types` are not answered, whatever the mode is."""

    def __init__(self):
        self.records = {}
        self.mode = "answer"
        self.silent_types = set()
        self.queries = []  # (name, type)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._own = tempfile.TemporaryDirectory(prefix="postern-names-")
        os.chmod(self._own.name, 0o755)
        self.resolv_conf = os.path.join(self._own.name, "resolv.conf")
        self.hosts = os.path.join(self._own.name, "hosts")
        with open(self.resolv_conf, "w") as file:
            file.write(f"nameserver 127.0.0.1:{self._socket.getsockname()[1]}\noptions timeout:1 attempts:2\n")
        self.write_hosts("127.0.0.1 localhost\n")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()
        self._own.cleanup()

    def write_hosts(self, text):
        """In place: the file is mounted."""
        with open(self.hosts, "w") as file:
            file.write(text)

    def hide_others(self):
        """In a child before exec: a mount namespace where /etc/resolv.conf and /etc/hosts are ours."""
        mounts = [(b"none", b"/", MS_REC | MS_PRIVATE), (self.resolv_conf.encode(), b"/etc/resolv.conf", MS_BIND),
                  (self.hosts.encode(), b"/etc/hosts", MS_BIND)]
        if LIBC.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        for what, where, flags in mounts:
            if LIBC.mount(what, where, None, ctypes.c_ulong(flags), None) != 0:
                raise OSError(ctypes.get_errno(), "mount")

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            if query == b"end":
                return
            name, end = self._name(query)
            kind = struct.unpack(">H", query[end:end + 2])[0]
            self.queries.append((name, kind))
            if self.mode != "silent" and kind not in self.silent_types:
                self._socket.sendto(self._answer(query, end + 4, name, kind), peer)

    @staticmethod
    def _name(query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        return ".".join(labels).lower(), at + 1

    def _answer(self, query, question_end, name, kind):
        known = self.records.get(name)
        rcode = RCODE["nxdomain" if known is None and self.mode == "answer" else self.mode]
        found = [ipaddress.ip_address(text) for text in known or [] if rcode == 0]
        found = [address for address in found if (address.version == 4) == (kind == A) and kind in (A, AAAA)]
        answer = struct.pack(">HHHHHH", struct.unpack(">H", query[:2])[0], 0x8180 | rcode, 1, len(found), 0, 0)
        answer += query[12:question_end]
        for address in found:
            answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(address.packed)) + address.packed
        return answer


def why_not():
    """Why no process here may have a /etc of its own; None: it may."""
    if os.geteuid() != 0:
        return "only root may have a mount namespace"
    child = os.fork()
    if child == 0:
        os._exit(0 if LIBC.unshare(CLONE_NEWNS) == 0 and
                 LIBC.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) == 0 else 1)
    return None if os.waitpid(child, 0)[1] == 0 else "mount namespaces are forbidden here"
