# SPDX-License-Identifier: ISC
"""Clients that mean no good: memory stays bounded, others are served within a second, the log stays short, no 250 is lost."""

import contextlib
import pathlib
import resource
import socket
import statistics
import struct
import threading
import time

import pytest
from postern import Postern, free_port, queue_id, wait_until
from provider import Provider, certificates
from talk import TRANSACTION, Talk

ATTACKER = "127.0.0.9"
MIB = 1024 * 1024
GROWTH_MAX = 24 * MIB  # of the listener
QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=4"}  # what a sanitizer keeps of what was freed is no growth
GARBAGE = bytes(range(256)) * 4096


def pss(pid):
    """The proportional share of memory of a process, in octets."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no Pss")


class Customer:
    """An honest client beside an attack: sends a message again and again, each on a connection of its own."""

    def __init__(self, postern):
        self._postern = postern
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.ids = []
        self.seconds = []
        self.error = None

    def _run(self):
        while not self._over.is_set():
            began = time.monotonic()
            try:
                with Talk(self._postern.port) as talk:
                    self.ids.append(queue_id(talk.starts().transact()))
            except Exception as error:  # told by __exit__, in the thread of the test
                self.error = error
                return
            self.seconds.append(time.monotonic() - began)
            self._over.wait(0.05)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *exc):
        if kind is None:
            wait_until(lambda: self.error or len(self.ids) >= 3, 30, "three messages beside the attack")
        self._over.set()
        self._thread.join()
        if self.error:
            raise self.error

    def was_served(self):
        """Within a second, as a rule: on a loaded machine the scheduler has a say as well."""
        assert statistics.median(self.seconds) < 1, self.seconds
        return self.ids


@contextlib.contextmanager
def attack(postern, growth_max=GROWTH_MAX):
    """What happens within must cost a customer nothing, and memory little; what was answered 250 must arrive."""
    listener = postern.worker("listener")
    with Talk(postern.port) as talk:
        ids = [queue_id(talk.starts().transact())]
    before, log_before = pss(listener), postern.log_file.stat().st_size
    with Customer(postern) as customer:
        yield
    grown = pss(listener) - before
    ids += customer.was_served()
    for id in ids:
        postern.wait_log("delivered", id=id)
    wait_until(lambda: postern.status()["counters"]["clients"] == 0, what="the end of all sessions")
    assert postern.worker("listener") == listener
    assert grown < growth_max, f"grew by {grown // 1024} KiB"
    log = postern.log_file.stat().st_size - log_before
    assert log < 400_000, f"{log} octets of log"


@pytest.fixture(scope="module")
def server():
    limits = {"connections": 2000, "connections_per_client": 200, "message_size": "1M", "idle": "20s", "data": "20s"}
    with Provider() as provider, Postern(provider, environment=QUARANTINE, limits=limits) as postern:
        local = postern.settings["listen"]["local"]
        postern.secure = free_port()
        postern.set(listen={"local": local, "secure": dict(local, port=postern.secure, tls="implicit",
                                                           tls_cert_file=certificates() / "good.pem",
                                                           tls_key_file=certificates() / "good.key")})
        postern.reload()
        yield postern


def intruder(server, **more):
    return Talk(server.port, source=ATTACKER, **more)


def send_all(talk, data, times):
    """As much of it as the server takes before it hangs up."""
    try:
        for _ in range(times):
            talk.send(data)
    except (ConnectionResetError, BrokenPipeError):
        pass


def test_slow_clients_hold_up_nobody(server):
    with attack(server), contextlib.ExitStack() as stack:
        talks = [stack.enter_context(intruder(server)) for _ in range(150)]
        for octet in b"EHLO x.example\r\nMAIL FROM:<":
            for talk in talks:
                talk.send(bytes([octet]))


def test_clients_that_never_speak_hold_up_nobody(server):
    with attack(server), contextlib.ExitStack() as stack:
        talks = [stack.enter_context(intruder(server)) for _ in range(200)]
        assert all(talk.reply().startswith("220") for talk in talks)


def test_a_flood_of_connects_is_refused_in_few_lines(server):
    with attack(server), contextlib.ExitStack() as stack:
        for _ in range(200):
            assert stack.enter_context(intruder(server)).reply().startswith("220")
        tried = 0

        def are_left_out():
            nonlocal tried
            for _ in range(500):
                tried += 1
                with intruder(server) as talk:
                    assert talk.reply().startswith("421 4.7.0")
            return [line for line in server.log("session_refused") if int(line.get("omitted", 0)) > 0]

        assert wait_until(are_left_out, 30, "a line that tells how many more there were")
    assert len(server.log("session_refused")) < tried / 10


def test_a_flood_of_broken_handshakes_is_told_in_few_lines(server):
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"

    def are_left_out():
        for _ in range(300):
            with Talk(server.secure, source=ATTACKER) as talk:
                talk.send(hello)
        return [line for line in server.log("tls_failed") if int(line.get("omitted", 0)) > 0]

    with attack(server):
        wait_until(are_left_out, 30, "a line that tells how many more there were")


def test_resets_in_the_content_leave_nothing(server):
    reset = struct.pack("ii", 1, 0)
    with attack(server):
        for i in range(200):
            with intruder(server) as talk:
                talk.send(b"EHLO x.example\r\n" + TRANSACTION + b"Subject: half\r\n\r\n" + b"x" * 1000 * (i % 50))
                talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    wait_until(lambda: len(server.provider.messages()) == len(server.log("accepted")), what="all that was accepted")
    assert not any(b"half" in message.content for message in server.provider.messages())


def test_a_line_of_ten_megabytes_is_one_error(server):
    with attack(server), intruder(server) as talk:
        talk.starts()
        send_all(talk, b"x" * MIB, 10)
        assert talk.say("").startswith("500 5.5.2 Line too long")
        assert talk.say("NOOP") == "250 2.0.0 Ok"


def test_a_content_line_of_ten_megabytes_is_refused(server):
    with attack(server), intruder(server) as talk:
        talk.send(b"EHLO x.example\r\n" + TRANSACTION + b"Subject: t\r\n\r\n")
        send_all(talk, b"x" * MIB, 10)
        talk.send(b"\r\n.\r\n")
        assert [talk.reply()[:3] for _ in range(6)] == ["220", "250", "250", "250", "354", "552"]
        assert talk.say("NOOP") == "250 2.0.0 Ok"


def test_endless_headers_are_bounded(server):
    field = b"X-Header: " + b"y" * 200 + b"\r\n"
    with attack(server), intruder(server) as talk:
        talk.send(b"EHLO x.example\r\n" + TRANSACTION)
        send_all(talk, field * 1000, 40)
        talk.send(b"\r\n.\r\n")
        assert [talk.reply()[:3] for _ in range(6)][-1] == "552"


def test_a_hundred_thousand_recipients(server):
    with attack(server), intruder(server, timeout=60) as talk:
        talk.starts()
        talk.say("MAIL FROM:<a@x.example>")
        codes = []
        for _ in range(100):
            talk.send(b"RCPT TO:<b@y.example>\r\n" * 1000)
            codes += [talk.reply()[:3] for _ in range(1000)]
        assert codes == ["250"] * 1000 + ["452"] * 99000
    assert len(server.log("rejected", reply="452 4.5.3 Too many recipients: send the others in another transaction")) == 1


def test_a_client_that_reads_no_replies_is_read_no_more(server):
    with attack(server), intruder(server, timeout=2) as talk:
        talk.starts()
        with pytest.raises(TimeoutError):
            for _ in range(2000):
                talk.send(b"HELP\r\n" * 10000)


def test_binary_garbage_ends_the_session(server):
    with attack(server):
        for _ in range(20):
            with intruder(server) as talk:
                send_all(talk, GARBAGE, 2)
                with contextlib.suppress(ConnectionResetError):
                    while not talk.reply().startswith("421 4.7.0"):
                        pass


def test_garbage_as_content_ends_nothing_else(server):
    with attack(server), intruder(server) as talk:
        talk.starts()
        assert talk.transact(GARBAGE.replace(b"\r", b"").replace(b".", b"") * 2 + b"\r\n")[:3] in ("552", "554")
        assert talk.say("NOOP") == "250 2.0.0 Ok"


def test_without_descriptors_clients_wait_and_are_served():
    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

    with Provider() as provider:
        postern = Postern(provider)
        postern.before_exec = few_descriptors
        with postern, contextlib.ExitStack() as stack:
            talks = [stack.enter_context(Talk(postern.port, timeout=60)) for _ in range(150)]
            postern.wait_log("accept_paused", why="Too many open files")
            served = talks[0].starts().transact()
            for talk in talks[:100]:
                talk.sock.close()
            assert all(talk.reply().startswith("220") for talk in talks[100:])
            postern.wait_log("accept_resumed")
            assert len(postern.log("accept_paused")) < 5
            postern.wait_log("delivered", id=queue_id(served))
