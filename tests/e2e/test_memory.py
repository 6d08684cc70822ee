# SPDX-License-Identifier: ISC
"""What idle sessions cost: the proportional share (PSS) of master and workers together.  Runs on a build without sanitizers."""

import contextlib
import os
import pathlib
import resource
import ssl

import pytest
import postern as programs
from postern import Postern, queue_id
from provider import Provider, certificates
from talk import Talk, Tls

MIB = 1024 * 1024
PLAIN = pathlib.Path(os.environ.get("POSTERN_PLAIN_BUILD", "/nonexistent"))


@pytest.fixture
def plain(monkeypatch):
    """Sanitizers take memory of their own."""
    if not (PLAIN / "posternd").exists():
        pytest.skip("POSTERN_PLAIN_BUILD names no build without sanitizers")
    monkeypatch.setattr(programs, "POSTERND", PLAIN / "posternd")


@pytest.fixture
def descriptors():
    """Room for both ends of all sessions; the hard limit is the machine's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def pss(postern):
    total = 0
    for pid in [postern.process.pid, *postern.children()]:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(line.split()[1]) * 1024 for line in text.split("\n") if line.startswith("Pss:"))
    return total


def begin(talk, tls):
    """EHLO, over TLS if there is a context for it."""
    talk.starts()
    if tls:
        assert talk.say("STARTTLS").startswith("220 ")
        talk.sock = Tls(talk.sock, tls)
        assert talk.say("EHLO client.example").startswith("250")
    return talk


@pytest.mark.parametrize("sessions, over_tls, limit",
                         [(500, False, 16 * MIB), (5000, False, 64 * MIB), (500, True, 16 * MIB)])
def test_idle_sessions_cost_little(plain, descriptors, sessions, over_tls, limit):
    if descriptors < sessions + 200:
        pytest.skip(f"a process may have {descriptors} descriptors")
    limits = {"connections": 6000, "connections_per_client": 6000}
    listen = {"tls_cert_file": certificates() / "good.pem", "tls_key_file": certificates() / "good.key"}
    tls = ssl.create_default_context(cafile=certificates() / "ca.pem") if over_tls else None
    with Provider() as provider, Postern(provider, limits=limits, listen=listen) as postern, contextlib.ExitStack() as stack:
        talks = [stack.enter_context(Talk(postern.port, timeout=60)) for _ in range(sessions)]
        ids = [queue_id(begin(talk, tls).transact()) for talk in talks[:20]]
        for talk in talks[20:]:
            begin(talk, tls)
        for id in ids:
            postern.wait_log("delivered", id=id)
        used = pss(postern)
        print(f"{sessions} idle sessions: {used // 1024} KiB")
        assert used < limit, f"{used // 1024} KiB"
