# SPDX-License-Identifier: ISC
"""kill -9 at random moments under a random load: what was answered 250 arrives or is bounced; doubled is what was in flight.

Each round draws a load (1 to 500 clients, 1 KiB to 10 MiB, 1 to 50 recipients, of which some are deferred and some refused
for good), a trouble of the upstream, what an operator does, and whom it kills.  In the end each recipient of each message
that was answered 250 has been delivered to, or is named by a report that arrived.

POSTERN_SECONDS=N begins rounds for so long (40; 600 with POSTERN_SLOW=1).  POSTERN_SEED=N repeats a run's choices.
"""

import collections
import email
import json
import os
import random
import signal
import subprocess
import time

import pytest
from postern import Postern, wait_until
from provider import BUILD, Provider

SECONDS = float(os.environ.get("POSTERN_SECONDS", 600 if os.environ.get("POSTERN_SLOW") else 40))
KIB, MIB = 1024, 1024 * 1024
WINDOW = 6.0  # seconds between an upstream's taking a message and the cut that made us forget it; machines stall
DOUBLED_PER_CUT = 20 * 50  # ten connections with two messages each can hold, of so many recipients
SENDER = "sender@load.example"

# Recipients are r000000, r000001, ...
REFUSED = "r0000?3@*"
DEFERRED = "r0000?7@*"
RULES = [f"rcpt=reply:550 5.1.1 no such user,rcpt={REFUSED}", f"rcpt=reply:450 4.2.1 busy,rcpt={DEFERRED},probability=0.4"]

# What else the upstream does, from some round on and so often; None: it is down for that round.  None of it takes a message
# without saying so, but for the cuts.
TROUBLES = {
    "none": [],
    "down": None,
    "drops": [],
    "slow": ["dot=delay:200,probability=0.2,count=100"],
    "refuses at the end": ["dot=reply:451 4.3.0 later,probability=0.2,count=200"],
    "refuses senders": ["mail=reply:451 4.3.0 later,probability=0.2,count=200"],
    "closes": ["mail=421,probability=0.02,count=10", "rcpt=close,probability=0.02,count=10"],
    "hangs up in content": ["content=close,probability=0.05,count=20"],
    "keeps out": ["connect=close,probability=0.3,count=10", "auth=reply:454 4.7.0 later,probability=0.3,count=10"],
}
TARGETS = ("listener", "outbound", "master", "all")


def log_uniform(choice, least, most):
    return round(least * (most / least) ** choice.random())


class Load:
    """The clients of one round, with what they send drawn at random."""

    def __init__(self, choice, number, postern, acks):
        size = log_uniform(choice, KIB, 10 * MIB)
        rcpts = log_uniform(choice, 1, 50)
        clients = min(log_uniform(choice, 1, 500), max(2, 64 * MIB // size))
        messages = max(2, min(1000, 64 * MIB // size, 4000 // rcpts))
        self.prefix = f"k{number}"
        self.rcpts = [f"r{n:06}@{self.prefix}.example" for n in range(rcpts)]
        self.words = f"{clients} clients, {messages} messages of {size} to {rcpts}"
        command = [BUILD / "postern-load", "--clients", str(clients), "--messages", str(messages), "--time", "3s",
                   "--stall", "30s", "--size", str(size), "--recipients", str(rcpts), "--sender", SENDER, "--domain",
                   f"{self.prefix}.example", "--id-prefix", self.prefix, "--ack-log", acks]
        command += ["--pipelining"] if choice.random() < 0.5 else []
        self.process = subprocess.Popen(command + ["127.0.0.1", str(postern.port)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def finish(self):
        output, _ = self.process.communicate(timeout=120)
        return json.loads(output[output.index("{"):])


def kill(postern, target):
    """Returns when it happened."""
    if target == "all":
        postern.kill_all()
        moment = time.time()
        postern.start()
    elif target == "master":
        master = postern.process
        master.kill()
        moment = time.time()
        master.wait(10)
        postern.start()  # it waits until the orphans have ended
    else:
        pid = postern.kill(target)
        moment = time.time()
        postern.wait_restart(target, pid)
    return moment


def operate(choice, postern):
    """What an operator may do at any time; whether it meets a message does not matter."""
    if choice.random() < 0.5:
        postern.ctl("retry", "--all")
        return
    queued = json.loads(postern.ctl("queue", "--json").stdout or "[]")[:20]
    for message in queued:
        postern.ctl("hold", message["id"])
    for message in queued:
        postern.ctl("release", message["id"])


class Books:
    """What each recipient of each message has got: the provider's log tells of messages, its mail folder of reports."""

    def __init__(self, provider):
        self.provider = provider
        self.delivered = collections.defaultdict(list)  # (test id, recipient): when
        self.bounced = collections.Counter()
        self._at = 0

    def read(self):
        with open(self.provider.log_file, "rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._at += len(line)
                if b'"event":"message"' in line:
                    self._take(json.loads(line))
        # Content is kept for the reports alone.
        for path in (self.provider.maildir / "new").glob("*"):
            self._take_report(path)
            path.unlink()
            (self.provider.maildir / "meta" / (path.name + ".json")).unlink(missing_ok=True)

    def _take(self, event):
        if event["from"] == SENDER:
            for rcpt in event["rcpts"]:
                self.delivered[event["test_id"], rcpt].append(event["t"])

    def _take_report(self, path):
        with open(path, "rb") as file:
            head = file.read(4 * KIB)
            if b"multipart/report" not in head:
                return
            _, status, original = email.message_from_bytes(head + file.read()).get_payload()
        test_id = email.message_from_string(original.get_payload()).get("X-Test-Id")
        for block in status.get_payload()[1:]:
            assert block["Action"] == "failed", block.as_string()
            self.bounced[test_id, block["Final-Recipient"].split(";")[1].strip()] += 1


def is_refused(rcpt):
    return rcpt[6] == "3"


def check(books, accepted, rcpts, cuts):
    """Every recipient of what was accepted has an end, the right one; what came twice was in flight at a cut."""
    lost = [(id, rcpt) for id in accepted for rcpt in rcpts[id.split("-")[0]]
            if not (books.bounced if is_refused(rcpt) else books.delivered).get((id, rcpt))]
    assert not lost, f"{len(lost)} lost, as {lost[:10]}"
    wrong = [key for key in books.delivered if is_refused(key[1])] + [key for key in books.bounced if not is_refused(key[1])]
    assert not wrong, f"{len(wrong)} delivered though refused, or the reverse, as {wrong[:10]}"
    doubled = {key: times for key, times in books.delivered.items() if len(times) > 1}
    for key, times in doubled.items():
        for first in times[:-1]:
            assert any(first <= cut + 0.5 and cut - first <= WINDOW for cut in cuts), \
                f"{key} arrived at {times}, and no cut was near: {cuts}"
    assert len(doubled) <= len(cuts) * DOUBLED_PER_CUT
    return (f"{len(accepted)} accepted, {len(books.delivered)} recipients delivered to, {len(books.bounced)} bounced; "
            f"{len(doubled)} delivered to more than once, each in flight at one of {len(cuts)} cuts; "
            f"{sum(n > 1 for n in books.bounced.values())} reported more than once")


def play(choice, number, provider, postern, acks, cuts):
    """One round; returns the load and what it was."""
    trouble = choice.choice(list(TROUBLES))
    if TROUBLES[trouble] is None:
        provider.stop_listening()
        provider.drop_all()
        cuts.append(time.time())
    else:
        provider.fault(*TROUBLES[trouble])
    load = Load(choice, number, postern, acks)
    time.sleep(choice.uniform(0.02, 0.8))  # the random moment, not a wait for anything
    if choice.random() < 0.3:
        operate(choice, postern)
    if trouble == "drops":
        provider.drop_all()
        cuts.append(time.time())
    target = choice.choice(TARGETS)
    cuts.append(kill(postern, target))
    result = load.finish()
    if TROUBLES[trouble] is None:
        provider.start_listening()
    print(f"round {number}: {load.words}, upstream's trouble: {trouble}, killed: {target}, accepted: {result['accepted']}",
          flush=True)
    return load


def drain(postern, books, most):
    """Until no more than so many are queued; the queue's own times would make it long."""
    def is_drained():
        postern.ctl("retry", "--all")
        books.read()
        done = postern.ctl("queue", "--json")
        queued = json.loads(done.stdout) if done.returncode == 0 else None
        for message in queued or []:
            if message["state"] == "held":  # the operator's release met a message on its way, or no worker
                postern.ctl("release", message["id"])
        return queued is not None and len(queued) <= most or time.sleep(0.3)

    wait_until(is_drained, 120, f"a queue of no more than {most}")
    books.read()


@pytest.mark.timeout(600 + SECONDS * 3)
def test_nothing_accepted_is_lost_and_only_what_was_in_flight_is_doubled(tmp_path):
    seed = int(os.environ.get("POSTERN_SEED", time.time_ns() % 1000000))
    print(f"POSTERN_SEED={seed}")
    choice = random.Random(seed)
    acks = tmp_path / "acks"
    acks.touch()
    cuts, rcpts, number = [], {}, 0
    with Provider(exit_after=int(SECONDS * 3) + 900) as provider, Postern(provider) as postern:
        provider.fault(*RULES)
        books = Books(provider)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            number += 1
            load = play(choice, number, provider, postern, acks, cuts)
            rcpts[load.prefix] = load.rcpts
            drain(postern, books, 500)
        drain(postern, books, 0)
        accepted = set(acks.read_text().split())
        assert accepted
        print(check(books, accepted, rcpts, cuts))
        assert not postern.log("spool_damage")


def test_a_worker_that_dies_is_named_with_its_signal():
    with Provider() as provider, Postern(provider) as postern:
        for role in ("listener", "outbound"):
            pid = postern.kill(role, signal.SIGSEGV)
            assert postern.wait_log("worker_died", worker=role, pid=pid)["signal"] == "SIGSEGV"
            postern.wait_restart(role, pid)
        postern.wait_log("delivered", id=postern.send())
