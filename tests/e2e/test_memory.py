# SPDX-License-Identifier: ISC
"""What idle sessions cost: the proportional share (PSS) of master and workers together.  Runs on a build without sanitizers."""

import contextlib
import os
import pathlib
import resource

import pytest
import postern as programs
from postern import Postern, queue_id
from provider import Provider
from talk import Talk

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


@pytest.mark.parametrize("sessions, limit", [(500, 16 * MIB), (5000, 64 * MIB)])
def test_idle_sessions_cost_little(plain, descriptors, sessions, limit):
    if descriptors < sessions + 200:
        pytest.skip(f"a process may have {descriptors} descriptors")
    limits = {"connections": 6000, "connections_per_client": 6000}
    with Provider() as provider, Postern(provider, limits=limits) as postern, contextlib.ExitStack() as stack:
        talks = [stack.enter_context(Talk(postern.port, timeout=60)) for _ in range(sessions)]
        ids = [queue_id(talk.starts().transact()) for talk in talks[:20]]
        for talk in talks[20:]:
            talk.starts()
        for id in ids:
            postern.wait_log("delivered", id=id)
        used = pss(postern)
        print(f"{sessions} idle sessions: {used // 1024} KiB")
        assert used < limit, f"{used // 1024} KiB"
