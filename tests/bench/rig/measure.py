# SPDX-License-Identifier: ISC
"""One relay under one load: the three measurements, each on a fresh relay with an empty queue."""

import json
import os
import re
import smtplib
import subprocess
import time

from .process import RigError, wait_for

WARM_MESSAGES = 400
WARM_MESSAGES_OF_CONNECTION = 10  # where their number is set
SINGLE_SECONDS = 10  # for messages one at a time: a slow relay sends fewer
HELD_STOP = 5  # seconds for a relay to leave its queue behind
SYNC_CALLS = 'fsync,fdatasync,sync_file_range,syncfs,sync,msync'


class Load:
    """postern-load with the settings of one case."""

    def __init__(self, program, clients, size, per_connection, pipelining):
        self.program = program
        self.clients = clients
        self.size = size
        self.options = ['--clients', str(clients), '--size', str(size),
                        '--per-connection', str(per_connection)]
        if pipelining:
            self.options.append('--pipelining')

    def run(self, port, messages=0, seconds=0):
        argv = [str(self.program), *self.options, '--messages', str(messages), '--time', f'{seconds}s',
                '127.0.0.1', str(port)]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if not done.stdout:
            raise RigError(f'{" ".join(argv)}: exit status {done.returncode}')
        report = json.loads(done.stdout)
        if report['stalled']:
            raise RigError(f'{" ".join(argv)}: sessions were left without a reply')
        return report


class Bench:
    """What stays the same for all cases of a run."""

    def __init__(self, upstream, volume, home, seconds, drain, patience):
        self.upstream = upstream
        self.volume = volume
        self.home = home
        self.seconds = seconds
        self.drain = drain
        self.patience = patience
        self.probes = []  # the disk's speed before each measurement

    def message_cap(self, load):
        """So many fit the volume twice over, whatever the relay adds to each."""
        return int(self.volume.size // 2 // (load.size + 4096))

    def _wait_delivered(self, count, seconds=float('inf')):
        """Wait for the upstream's count, or so many seconds; give up when it stands still."""
        seen, begin = -1, time.monotonic()
        moved = begin
        while True:
            now = self.upstream.delivered()
            if now >= count or time.monotonic() - begin > seconds:
                return now
            if now > seen:
                seen, moved = now, time.monotonic()
            elif time.monotonic() - moved > self.patience:
                raise RigError(f'delivery stands still at {now} of {count} messages')
            time.sleep(0.02)

    def _warm_up(self, relay, load, delivered):
        """Everything forked, and with `delivered` connected and resumed, before the clock starts."""
        self.upstream.reset()
        messages = max(WARM_MESSAGES, 2 * load.clients)
        if relay.connections:
            messages = WARM_MESSAGES_OF_CONNECTION * relay.connections
        report = load.run(relay.port, messages=messages)
        if delivered:
            self._wait_delivered(report['accepted'])
            self.upstream.reset()

    def accept(self, kind, load):
        """How fast mail is taken while the upstream is held."""
        with Running(kind, self, load, held=True) as relay:
            flushes, cpu = self.volume.flushes(), relay.cpu_seconds()
            report = load.run(relay.port, messages=self.message_cap(load), seconds=self.seconds)
            return {'load': report, 'rate': report['rate'],
                    'load_cpu_share': report['load_cpu_seconds'] / max(report['seconds'], 0.001),
                    **per_message(report['accepted'], self._spent(relay, flushes, cpu))}

    def relay(self, kind, load, connections=None, drain=None):
        """Mail taken and delivered at once: from the first MAIL to the last message upstream.  Of a queue
        that takes longer than `drain` to empty, the rate is that of what has arrived by then."""
        drain = self.drain if drain is None else drain
        with Running(kind, self, load, connections=connections) as relay:
            flushes, cpu, up_cpu = self.volume.flushes(), relay.cpu_seconds(), self.upstream.cpu_seconds()
            report = load.run(relay.port, messages=self.message_cap(load), seconds=self.seconds)
            # The clocks differ (the upstream's is the wall's), so the end is when the count is seen.
            delivered = self._wait_delivered(report['accepted'], drain)
            end = time.monotonic()
            stats = self.upstream.stats()
            took = end - report['first_mail_mono']
            return {'load': report, 'accept_rate': report['rate'], 'delivered': delivered,
                    'drained': delivered >= report['accepted'],
                    'seconds': took, 'rate': delivered / took,
                    'upstream': {key: stats[key] for key in UPSTREAM_KEYS if key in stats},
                    'upstream_cpu_seconds': difference(self.upstream.cpu_seconds(), up_cpu),
                    **per_message(report['accepted'], self._spent(relay, flushes, cpu))}

    def distant(self, kind, load, connections, round_trip_ms, drain):
        """The same over a distance, on so many connections."""
        with self.upstream.distance(round_trip_ms):
            return self.relay(kind, load, connections, drain)

    def single(self, kind, load, messages):
        """Each message alone on an idle relay with a warm connection: from the client's writing the final dot until
        the upstream has the whole message, by its clock, which is ours."""
        arrivals = []
        with Running(kind, self, load) as relay, smtplib.SMTP('127.0.0.1', relay.port) as client:
            client.ehlo()
            end = time.monotonic() + SINGLE_SECONDS
            for number in range(1, messages + 1):
                if time.monotonic() > end:
                    break
                dot = send_one(client, load.size)
                stats = wait_for('the arrival of a message', lambda n=number: self._stats_of(n), self.patience, 0.002)
                arrivals.append(1000 * (stats['last_message'] - dot))
        arrivals.sort()
        return {'messages': len(arrivals),
                'arrival_ms': {'p50': arrivals[len(arrivals) // 2], 'p99': arrivals[len(arrivals) * 99 // 100],
                               'max': arrivals[-1]}}

    def _stats_of(self, messages):
        """What the upstream counts, once it has so many messages."""
        stats = self.upstream.stats()
        return stats if stats['messages'] >= messages else None

    def syncs(self, kind, load, messages, held):
        """The system calls that sync, counted by strace, which stops the relay at these calls only; held:
        of accepting alone, otherwise of accepting and delivering."""
        trace = f'{self.home}/{kind.name}.strace'
        # -D: strace is not the relay's parent, so that what stops the relay ends both.
        wrapper = ('strace', '-D', '-f', '-y', '--seccomp-bpf', '-qq', '-e', f'trace={SYNC_CALLS}',
                   '-e', 'signal=none', '-o', trace)
        with Running(kind, self, load, wrapper, warm=False, held=held) as relay:
            report = load.run(relay.port, messages=min(messages, self.message_cap(load)))
            if not held:
                self._wait_delivered(report['accepted'])
        calls, segments = parse_strace(trace)
        os.unlink(trace)
        count = max(1, report['accepted'])
        return {'messages': report['accepted'], 'calls': calls, 'segment_calls': segments,
                'per_message': sum(calls.values()) / count,
                'segments_per_message': segments / count if segments else None}

    def _spent(self, relay, flushes, cpu):
        return {'cpu_ms': difference(relay.cpu_seconds(), cpu, 1000),
                'flushes': difference(self.volume.flushes(), flushes)}


UPSTREAM_KEYS = ('connections_total', 'connections_max', 'tls_handshakes', 'tls_resumed', 'auth_ok',
                 'violations', 'violation_kinds')


class Running:
    """A warmed-up relay for the time of a with block; held: the upstream lets nothing pass meanwhile."""

    def __init__(self, kind, bench, load, wrapper=(), warm=True, held=False, connections=None):
        self.relay = kind(bench.home, bench.volume.path, bench.upstream, load.clients, connections)
        self.bench, self.load, self.wrapper = bench, load, wrapper
        self.warm, self.held = warm, held

    def __enter__(self):
        self.bench.volume.settle()
        self.bench.probes.append(self.bench.volume.syncs_per_second())
        try:
            self.bench.upstream.reset()
            if self.held:
                self.bench.upstream.hold()
            self.relay.start(self.wrapper)
            if self.warm:
                self.bench._warm_up(self.relay, self.load, delivered=not self.held)
        except BaseException as error:
            self.__exit__(None, error, None)
            raise
        return self.relay

    def __exit__(self, kind, error, trace):
        if isinstance(error, RigError):
            error.add_note(self.relay.last_words())
        if self.held:  # first, so that nobody waits for the end of a transaction
            self.bench.upstream.release()
        self.relay.stop(HELD_STOP if self.held else 20)


def send_one(client, size):
    """One message of so many octets; returns the time at which its end was written."""
    header = b'From: a@bench.example\r\nTo: b@bench.example\r\nSubject: one\r\n\r\n'
    line = b'x' * 70 + b'\r\n'
    replies = [client.mail('a@bench.example'), client.rcpt('b@bench.example'), client.docmd('DATA')]
    end = time.time()
    client.send(header + line * ((size - len(header)) // len(line)) + b'.\r\n')
    replies.append(client.getreply())
    if [code for code, _ in replies] != [250, 250, 354, 250]:
        raise RigError(f'a message alone was answered {replies}')
    return end


def difference(after, before, factor=1):
    return None if after is None or before is None else (after - before) * factor


def per_message(count, spent):
    return {f'{key}_per_message': None if value is None or not count else value / count
            for key, value in spent.items()}


def parse_strace(path):
    """({'fdatasync': 12, ...}, how many were of a segment of postern's log) from strace -f -y."""
    calls, segments = {}, 0
    with open(path, errors='replace') as trace:
        for line in trace:
            match = re.match(r'\d+\s+(\w+)\((?:\d+<([^>]*)>)?', line)
            if match:
                calls[match[1]] = calls.get(match[1], 0) + 1
                segments += (match[2] or '').endswith('.seg')
    return calls, segments
