# SPDX-License-Identifier: ISC
"""Upstreams behind a SOCKS5 proxy: one that works, and one that fails at each step."""

import shutil
import socket
import struct
import subprocess
import threading

import pytest
from postern import Postern, free_port
from provider import Provider, answers, wait_until


class Proxy:
    """A SOCKS5 proxy that resolves every name to 127.0.0.1.  fault: what it does instead of its duty."""

    def __init__(self, login=None):
        self.login = login
        self.fault = None
        self.asked = []  # names and addresses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._is_over = False

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._is_over = True
        for sock in [self._listener, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept(self):
        while not self._is_over:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            upstream = self._greet(client)
            if upstream is not None:
                self._open.append(upstream)
                threading.Thread(target=self._copy, args=(upstream, client), daemon=True).start()
                self._copy(client, upstream)
        except (OSError, EOFError):
            client.close()

    @staticmethod
    def _read(client, count):
        data = b""
        while len(data) < count:
            got = client.recv(count - len(data))
            if not got:
                raise EOFError
            data += got
        return data

    @staticmethod
    def _say(client, data):
        """Octet by octet."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in data:
            client.sendall(bytes([octet]))

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _greet(self, client):
        methods = self._read(client, self._read(client, 2)[1])
        if self.fault == "garbage":
            client.sendall(b"HTTP/1.0 400 what\r\n\r\n")
            return None
        if self.fault == "silence":
            return None
        if self.fault == "close":
            client.close()
            return None
        method = 2 if self.login else 0
        self._say(client, bytes([5, method if method in methods else 255]))
        if self.login:
            name = self._read(client, self._read(client, 2)[1])
            password = self._read(client, self._read(client, 1)[0])
            self._say(client, bytes([1, 0 if (name.decode(), password.decode()) == self.login else 1]))
        kind = self._read(client, 4)[3]
        host = self._read(client, self._read(client, 1)[0] if kind == 3 else 4 if kind == 1 else 16)
        port = struct.unpack(">H", self._read(client, 2))[0]
        self.asked.append((kind, host, port))
        if isinstance(self.fault, int):
            self._say(client, bytes([5, self.fault, 0, 1, 0, 0, 0, 0, 0, 0]))
            return None
        upstream = socket.create_connection(("127.0.0.1", port), 5)
        upstream.settimeout(None)
        self._say(client, b"\5\0\0\3\4name\0\1")
        return upstream


@pytest.fixture
def proxy():
    with Proxy() as proxy:
        yield proxy


def through(provider, proxy, **upstream):
    return Postern(provider, upstream={"proxy": f"socks5://127.0.0.1:{proxy.port}", **upstream})


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_goes_through_the_proxy_which_knows_the_name(provider, proxy, tls):
    with Postern(provider, tls=tls, upstream={"proxy": f"socks5://127.0.0.1:{proxy.port}"}) as postern:
        postern.wait_log("delivered", id=postern.send())
        assert proxy.asked == [(3, b"localhost", provider.ports[tls])]


def test_a_login_at_the_proxy(provider):
    with Proxy(login=("me", "se cret")) as proxy:
        with through(provider, proxy) as postern:
            id = postern.send()
            assert "it wants a login: set proxy_username" in postern.wait_log("upstream_held")["why"]
            file = postern.dir / "proxy-password"
            file.write_text("se cret\n")
            file.chmod(0o600)
            postern.set(upstream={"proxy_username": "me", "proxy_password_file": file})
            postern.reload()
            postern.wait_log("delivered", id=id)
            assert "se cret" not in postern.log_file.read_text()


FAULTS = [(1, "general failure"), (2, "its rules"), (4, "host unreachable"), (5, "connection refused by the destination"),
          (99, "a reason of its own"), ("garbage", "does not speak SOCKS5"), ("close", "it closed the connection"),
          ("silence", "it does not answer")]


@pytest.mark.parametrize("fault, words", FAULTS, ids=[str(fault) for fault, _ in FAULTS])
def test_trouble_of_the_proxy_holds_the_mail(provider, proxy, fault, words):
    proxy.fault = fault
    with through(provider, proxy, timeout="2s") as postern:
        id = postern.send()
        why = postern.wait_log("upstream_held")["why"]
        assert f"SOCKS5 proxy 127.0.0.1:{proxy.port}: " in why and words in why
        proxy.fault = None
        postern.wait_log("delivered", id=id)
        assert not postern.log("bounced") and not postern.log("failed")


def test_a_proxy_that_is_down_holds_the_mail(provider):
    with Proxy() as proxy:
        pass
    with through(provider, proxy) as postern:
        postern.send()
        why = postern.wait_log("upstream_held")["why"]
        assert f"SOCKS5 proxy 127.0.0.1:{proxy.port}: " in why and "refused" in why


@pytest.mark.skipif(shutil.which("microsocks") is None, reason="there is no microsocks")
def test_a_real_proxy():
    """microsocks, with a login of its own."""
    port = free_port()
    with subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(port), "-u", "me", "-P", "secret"]) as server, \
            Provider(addresses=("127.0.0.1", "::1")) as provider:
        try:
            wait_until(lambda: answers(port), what="microsocks")
            with Postern(provider, upstream={"proxy": f"socks5://127.0.0.1:{port}"}) as postern:
                id = postern.send()
                postern.wait_log("upstream_held")
                postern.set(upstream={"proxy_username": "me", "proxy_password_file": postern.password_file})
                postern.reload()
                postern.wait_log("delivered", id=id)
        finally:
            server.kill()
