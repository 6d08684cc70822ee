#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a long queue costs: memory, restarts, accepting, listing and the commands for many messages.

    POSTERN_BUILD=build /usr/bin/python3 tests/bench/scale.py [--messages 1000000] [--senders 1000000] [--different]

Needs some 1.3 KiB of disk for each message (--dir), and some minutes.  README.md says how to read it.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from postern import POSTERNCTL, Postern, parse_line  # noqa: E402
from provider import BUILD, Provider, wait_until  # noqa: E402

LOAD = BUILD / "postern-load"
HOUR = 3600
MIB = 1024 * 1024
SEGMENT = 64 * MIB  # with its outcomes


class Table:
    """The figures as they come, and all of them as JSON in the end."""

    def __init__(self):
        self.figures = {}

    def add(self, name, value, unit):
        self.figures[name] = value
        print(f"{name:<52} {value:>12} {unit}", flush=True)


class Relay(Postern):
    """A postern of whose log, some lines for each message, only those of its life are kept."""

    def _read_log(self):
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            file.seek(self._read)
            while (line := file.readline()).endswith("\n"):
                self._read = file.tell()
                if "event=worker_started" in line or "event=recovered" in line:
                    self._records.append(parse_line(line))

    def _show_log(self):
        print(f"---- {self.log_file}")
        subprocess.run(["grep", "-Ev", "event=(accepted|attempt|deferred|client_)", self.log_file], check=False)


def load(postern, messages=0, seconds=0, clients=100, senders=1, size=1024):
    """Run postern-load; returns its report."""
    command = [LOAD, "--clients", str(clients), "--messages", str(messages), "--size", str(size),
               "--senders", str(senders), "--pipelining"]
    if seconds:
        command += ["--time", f"{seconds}s"]
    done = subprocess.run([*command, "127.0.0.1", str(postern.port)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def pss(pid):
    """Its proportional share of memory in MiB: what it does not share with others, and a part of what it does."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return round(int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) / 1024, 1)


def peak(pid):
    """The most that it had in memory at once, in MiB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return round(int(re.search(r"^VmHWM:\s+(\d+)", text, re.M)[1]) / 1024, 1)


def outbound(postern):
    return postern.worker("outbound")


def queue(postern):
    return json.loads(postern.ctl("status", "--json", timeout=120).stdout)["queue"]


def last_recovery(postern, n):
    """The n-th line `recovered`, and meanwhile how long the control socket took to answer at the worst."""
    worst = 0
    deadline = time.monotonic() + 600
    while len(postern.log("recovered")) < n:
        assert time.monotonic() < deadline, "no recovery"
        began = time.monotonic()
        if postern.ctl("status", timeout=60).returncode == 0:
            worst = max(worst, time.monotonic() - began)
        time.sleep(0.05)
    return postern.log("recovered")[n - 1], round(worst * 1000)


def restarts(table, postern, messages, what):
    for how in ("SIGTERM", "kill -9"):
        seen = len(postern.log("recovered"))
        postern.stop() if how == "SIGTERM" else postern.kill_all()
        began = time.monotonic()
        postern.start(wait=False)
        line, worst = last_recovery(postern, seen + 1)
        assert int(line["messages"]) == messages, line
        table.add(f"{what}: recovered after {how}", round(int(line["ms"]) / 1000, 2), "s")
        table.add(f"{what}: from start to recovered after {how}", round(time.monotonic() - began, 2), "s")
        table.add(f"{what}: slowest answer of the control socket meanwhile", worst, "ms")
        postern.wait_ready()
    table.add(f"{what}: PSS of outbound after it", pss(outbound(postern)), "MiB")
    table.add(f"{what}: peak of outbound since it", peak(outbound(postern)), "MiB")


def accepting(table, provider, postern, args):
    """The accept rate beside a long queue and beside an empty one, by turns."""
    rates = {"long": [], "empty": []}
    for _ in range(args.rounds):
        rates["long"].append(load(postern, seconds=args.seconds)["rate"])
        with Relay(provider, queue=settings(), upstream={"port": 9}) as fresh:
            rates["empty"].append(load(fresh, seconds=args.seconds)["rate"])
    long, empty = (statistics.median(rates[name]) for name in ("long", "empty"))
    table.add("accepting beside the long queue", round(long), "/s")
    table.add("accepting beside an empty queue", round(empty), "/s")
    table.add("their ratio", round(long / empty, 3), "")


def listing(table, postern, what):
    began = time.monotonic()
    first, lines = None, 0
    with subprocess.Popen([POSTERNCTL, "-c", postern.config_file, "queue", "--json"], stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            first = first or time.monotonic() - began
            lines += line.count(b'"id"')
    assert process.returncode == 0
    table.add(f"posternctl queue, {what}: first line", round(first * 1000), "ms")
    table.add(f"posternctl queue, {what}: all {lines}", round(time.monotonic() - began, 1), "s")


def timed(table, name, postern, *command):
    began = time.monotonic()
    done = postern.ctl(*command, timeout=600)
    assert done.returncode == 0, done.stderr
    table.add(name, round(time.monotonic() - began, 2), "s")


def disk(postern):
    """What log/ takes, in octets."""
    return sum(path.stat().st_blocks * 512 for path in (postern.spool / "log").iterdir())


def order(table, postern, command, *selection):
    """Returns how many messages it was for.  For those that are being sent it is given again."""
    began, count = time.monotonic(), 0
    while True:
        done = postern.ctl(command, *selection, timeout=600)
        number = done.stdout.split(" ", 1)[0]
        count += int(number) if number.isdigit() else 0
        if done.returncode != os.EX_TEMPFAIL:
            break
    assert done.returncode == 0, done.stderr
    table.add(f"posternctl {command} {' '.join(selection)}: {count}", round(time.monotonic() - began, 2), "s")
    return count


def selections(table, postern):
    """Orders for a part of the queue, and what the log shrinks to when most of it is gone."""
    each = disk(postern) / queue(postern)["messages"]
    order(table, postern, "hold", "--from", "*1.sender@*")
    table.add("a part held: PSS of outbound", pss(outbound(postern)), "MiB")
    order(table, postern, "release", "--from", "*1.sender@*")
    for digit in "123456789":
        order(table, postern, "delete", "--older", "1s", "--from", f"*{digit}.sender@*")
    left = queue(postern)["messages"]
    bound = 2 * left * each + 2 * SEGMENT
    began = time.monotonic()
    wait_until(lambda: disk(postern) <= bound, 600, "the compaction")
    table.add(f"{left} left: until the log is within its bound", round(time.monotonic() - began, 1), "s")
    table.add("the log then", round(disk(postern) / MIB), "MiB")
    table.add("PSS of outbound then", pss(outbound(postern)), "MiB")


def settings():
    return {"retry_min": f"{HOUR}s", "retry_max": f"{4 * HOUR}s", "lifetime": "30d", "warn_after": "0"}


def defer_all(postern, provider, messages, different):
    """Every message gets a 450, and waits."""
    provider.fault("rcpt=reply:450 4.2.1 mailbox busy" + (", ticket %n of this host" if different else ""))
    provider.start_listening()
    postern.ctl("retry", "--all")
    wait_until(lambda: queue(postern)["waiting"] == messages, 3600, "the deferral of all")
    provider.stop_listening()
    provider.drop_all()


def measure(table, args):
    with Provider(capture=False, log=False, exit_after=4 * HOUR) as provider:
        provider.stop_listening()
        with Relay(provider, queue=settings(), limits={"min_free": "1M"}) as postern:
            table.add("outbound, empty: PSS", pss(outbound(postern)), "MiB")
            report = load(postern, messages=args.messages, senders=args.senders)
            wait_until(lambda: queue(postern)["messages"] == report["accepted"], 60, "the queue's filling")
            table.add("ready: messages", args.messages, "")
            table.add("ready: PSS of outbound", pss(outbound(postern)), "MiB")
            table.add("ready: peak of outbound", peak(outbound(postern)), "MiB")
            restarts(table, postern, args.messages, "ready")
            listing(table, postern, "ready")
            began = time.monotonic()
            defer_all(postern, provider, args.messages, args.different)
            table.add("until all were deferred", round(time.monotonic() - began, 1), "s")
            table.add("waiting: PSS of outbound", pss(outbound(postern)), "MiB")
            listing(table, postern, "waiting")
            restarts(table, postern, args.messages, "waiting")
            order(table, postern, "retry", "--reason", "mailbox busy")
            timed(table, "posternctl retry --all", postern, "retry", "--all")
            table.add("ready again: PSS of outbound", pss(outbound(postern)), "MiB")
            accepting(table, provider, postern, args)
            selections(table, postern)
            postern.stop(timeout=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--messages", type=int, default=1000000)
    parser.add_argument("--senders", type=int, default=1000000, help="that many envelope senders")
    parser.add_argument("--different", action="store_true", help="no two replies of the upstream are the same")
    parser.add_argument("--rounds", type=int, default=5, help="of accepting, long and empty by turns")
    parser.add_argument("--seconds", type=int, default=5, help="of each")
    parser.add_argument("--dir", default="/var/tmp", help="where the spools are made")
    parser.add_argument("--json", help="a file for the figures")
    args = parser.parse_args()
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tempfile.tempdir = args.dir
    table = Table()
    try:
        measure(table, args)
    finally:
        if args.json:
            pathlib.Path(args.json).write_text(json.dumps(table.figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
