# SPDX-License-Identifier: ISC
"""posternctl check-relay: of listeners by the config, from elsewhere, and of a server that is open.

All of it happens in two network namespaces, where this host has addresses that are not the loopback's.
"""

import contextlib
import re
import socketserver
import ssl
import threading

import pytest
from network import Network
from postern import Postern
from provider import certificates

SERVER = ["203.0.113.1", "2001:db8::1"]
CLIENT = ["203.0.113.2", "203.0.113.3", "2001:db8::2"]
ATTEMPTS = 20


@pytest.fixture(scope="module")
def network():
    with Network(SERVER, CLIENT) as network:
        yield network


def lines(done, word):
    return [line for line in done.stdout.split("\n") if line.strip().startswith(word)]


def check(postern, network, *args):
    with network.client():
        return postern.ctl("check-relay", *args)


def test_a_stranger_is_refused_and_a_client_is_not(network):
    """The same listener, from addresses of the client's host of which two may relay, or none."""
    with network.server():
        postern = Postern(client={"apps": {"match": ["203.0.113.3", "2001:db8::/64"]}})
        port = postern.port
        postern.set(listen={"four": {"address": "0.0.0.0", "port": port}, "six": {"address": "::", "port": port}})
        with postern:
            open_for_two = check(postern, network, f"203.0.113.1:{port}")
            assert open_for_two.returncode == 1, open_for_two.stdout
            assert len(lines(open_for_two, "refused")) >= ATTEMPTS and len(lines(open_for_two, "ACCEPTED")) > 5
            assert re.search(r"^OPEN: \d+ of 40 attempts", open_for_two.stdout, re.M)
            assert check(postern, network, f"[2001:db8::1]:{port}").returncode == 1
            own = postern.ctl("check-relay")  # 203.0.113.1 may not relay, 2001:db8::1 may
            assert own.returncode == 0, own.stdout
            assert len(lines(own, "refused")) == ATTEMPTS and len(lines(own, "may relay by the config")) == 1
            postern.set(client={"apps": {"match": ["192.0.2.1"]}})
            postern.reload()
            for address in f"203.0.113.1:{port}", f"[2001:db8::1]:{port}":
                closed = check(postern, network, address)
                assert closed.returncode == 0, closed.stdout
                assert len(lines(closed, "refused")) in (ATTEMPTS, 2 * ATTEMPTS) and not lines(closed, "ACCEPTED")
            assert not postern.log("accepted")


@pytest.mark.parametrize("tls, ways", [("implicit", 1), ("starttls", 2)])
def test_tls(network, tls, ways):
    with network.server():
        postern = Postern()
        postern.set(listen={"address": "203.0.113.1", "tls": tls, "relay_from": ["192.0.2.1"],
                            "tls_cert_file": certificates() / "good.pem", "tls_key_file": certificates() / "good.key"})
        with postern:
            done = postern.ctl("check-relay")
    assert done.returncode == 0, done.stdout
    assert len(lines(done, "refused")) == ways * ATTEMPTS
    assert len(lines(done, "the same after STARTTLS")) == ways - 1


def test_what_cannot_be_tried(network):
    with network.server():
        postern = Postern()
        postern.set(listen={"address": "203.0.113.1", "relay_from": ["203.0.113.0/24"]})
        allowed = postern.ctl("check-relay")
        assert allowed.returncode == 69 and "run it on another host" in allowed.stdout
        postern.set(listen={"relay_from": ["192.0.2.1"]})
        silent = postern.ctl("check-relay")
        assert silent.returncode == 69 and "Connection refused" in silent.stdout
        postern.set(listen={"address": "127.0.0.1"})
        assert postern.ctl("check-relay").returncode == 0  # nobody else reaches it
    assert postern.ctl("check-relay", "--all").returncode == 64


class Anything(socketserver.StreamRequestHandler):
    """A server that takes everything."""

    def handle(self):
        self.wfile.write(b"220 open.example ESMTP\r\n")
        self.answer()

    def answer(self):
        for line in self.rfile:
            self.server.said.append(line.decode().strip())
            self.wfile.write(self.reply(line.upper()) + b"\r\n")
            if line.upper().startswith((b"QUIT", b"STARTTLS")):
                return

    def reply(self, line):
        return b"250 2.0.0 Ok"


class BehindTls(Anything):
    """A server that takes everything, but only behind STARTTLS, for which it has a certificate when it has one."""

    certificate = True

    def handle(self):
        super().handle()
        if self.server.said[-1] != "STARTTLS" or not self.certificate:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates() / "good.pem", certificates() / "good.key")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.reply = super().reply
        self.answer()

    def reply(self, line):
        if line.startswith(b"EHLO"):
            return b"250-open.example\r\n250 STARTTLS"
        if line.startswith(b"STARTTLS"):
            return b"220 2.0.0 Go ahead" if self.certificate else b"454 4.7.0 TLS not available"
        return b"530 5.7.0 Must issue a STARTTLS command first"


class WithoutTls(BehindTls):
    certificate = False


@contextlib.contextmanager
def open_relay(handler):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.said = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check_server(handler):
    """What posternctl says of a server of this kind, and what the server heard."""
    with open_relay(handler) as server:
        return Postern().ctl("check-relay", "127.0.0.1:%d" % server.server_address[1]), server.said


def test_an_open_relay_is_found():
    done, said = check_server(Anything)
    assert done.returncode == 1, done
    assert len(lines(done, "ACCEPTED")) % ATTEMPTS == 0 and not lines(done, "refused")
    assert {"RCPT TO:<relay%example.net@open.example>", "RCPT TO:<@open.example:relay@example.net>",
            "RCPT TO:<relay%example.net@[127.0.0.1]>", "RCPT TO:<example.net!relay@open.example>", "MAIL FROM:<>",
            'RCPT TO:<"relay@example.net"@open.example>', "MAIL FROM:<relay@open.example>"} <= set(said)
    assert not any(line.upper().startswith(("DATA", "BDAT")) for line in said)


def test_a_relay_that_is_open_behind_starttls_is_found():
    done, said = check_server(BehindTls)
    assert done.returncode == 1, done
    assert len(lines(done, "refused")) == len(lines(done, "ACCEPTED")) > 0


def test_starttls_that_does_not_begin():
    done, said = check_server(WithoutTls)
    assert done.returncode == 0, done
    assert len(lines(done, "refused")) % ATTEMPTS == 0 and len(lines(done, "no answer")) == said.count("STARTTLS") > 0
    assert "STARTTLS: 454 4.7.0 TLS not available" in done.stdout
