#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Compare relays on this machine: the same load, the same upstream, the same disk, turn by turn.

README.md tells what is measured and how to read it; `make bench BENCH_ARGS=...` runs this.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

from provider import BUILD, PROGRAM
from rig import machine, report
from rig.exim import Exim
from rig.measure import Bench, Load
from rig.opensmtpd import OpenSmtpd
from rig.postern import Postern, PosternNoSync
from rig.postfix import Postfix, PostfixTuned
from rig.process import RigError
from rig.upstream import Upstream
from rig.volume import Volume

RELAYS = {kind.name: kind for kind in (Postern, PosternNoSync, Postfix, PostfixTuned, OpenSmtpd, Exim)}
LOAD = BUILD / 'postern-load'
APPEND = BUILD / 'postern-append'
APPEND_GROUPS = (1, 8, 32, 100)
UNITS = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}


def size(text):
    """4096, 4K, 2G."""
    unit = UNITS.get(text[-1:].upper())
    return int(text[:-1]) * unit if unit else int(text)


def listed(kind):
    return lambda text: [kind(part) for part in text.split(',') if part]


def relay_kind(text):
    if text not in RELAYS:
        raise argparse.ArgumentTypeError(f'no relay {text}: {", ".join(RELAYS)}')
    return RELAYS[text]


def parse_args():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--relays', type=listed(relay_kind), default=list(RELAYS.values()),
                   metavar='NAME,...', help=f'of {", ".join(RELAYS)}; the others are compared with the first')
    p.add_argument('--clients', type=listed(int), default=[1, 10, 100, 500], metavar='N,...')
    p.add_argument('--relay-clients', type=listed(int), default=[20], metavar='N,...',
                   help='of the cases from end to end; an empty text: no such case')
    p.add_argument('--relay-size', type=size, default=4096, metavar='SIZE')
    p.add_argument('--size', type=listed(size), default=[4096, 102400], metavar='SIZE,...')
    p.add_argument('--rounds', type=int, default=2)
    p.add_argument('--seconds', type=int, default=2, help='for which clients send, in each measurement')
    p.add_argument('--per-connection', type=int, default=0, help='messages of each connection; 0: all')
    p.add_argument('--pipelining', action='store_true', help='clients pipeline (most apps do not)')
    p.add_argument('--latency', type=int, default=0, metavar='MS', help='of the upstream')
    p.add_argument('--sync-messages', type=int, default=1000, help='of the run under strace; 0: no such run')
    p.add_argument('--drain', type=int, default=30, help='seconds for the queue to empty, before its rate is taken')
    p.add_argument('--patience', type=int, default=30, help='seconds that delivery may stand still')
    p.add_argument('--volume-size', type=size, default=size('2G'))
    p.add_argument('--no-volume', action='store_true', help='queues in the temporary directory itself')
    p.add_argument('--dir', default='/var/tmp', help='for the temporary directory')
    p.add_argument('--output', default='bench.json')
    return p.parse_args()


def require(args):
    missing = [what for kind in args.relays for what in kind.missing()]
    missing += [f'{path} (make)' for path in (LOAD, APPEND, PROGRAM)
                if not os.access(path, os.X_OK)]
    if args.sync_messages and not shutil.which('strace'):
        missing.append('strace')
    if os.geteuid() != 0:
        missing.append('root (for Postfix and the loop device)')
    if missing:
        raise RigError('missing: ' + ', '.join(dict.fromkeys(missing))
                       + '\n(contrib/install-packages build bench)')


def attempt(outcome, what, measure, *settings):
    """A measurement that fails is an error in the results, not the end of the run."""
    print(f'  {what}', file=sys.stderr, flush=True)
    try:
        return measure(*settings)
    except RigError as error:
        outcome['errors'].append(f'{what}: {error}')
        print(f'  {error}', *getattr(error, '__notes__', ()), sep='\n', file=sys.stderr, flush=True)
        return None


def run_case(bench, args, kinds, clients, octets, accept_only):
    """All relays, turn by turn, so that a slow minute of the machine hits all of them."""
    load = Load(LOAD, clients, octets, args.per_connection, args.pipelining)
    outcomes = {kind.name: {'rounds': [], 'errors': []} for kind in kinds}
    case_label = f'{clients} clients, {octets} octets'
    for number in range(args.rounds):
        for kind in kinds:
            outcome = outcomes[kind.name]
            label = f'{case_label}, round {number + 1}, {kind.name}'
            told = {'accept': attempt(outcome, f'{label}: accept', bench.accept, kind, load), 'relay': None}
            if not accept_only:
                told['relay'] = attempt(outcome, f'{label}: relay', bench.relay, kind, load)
            outcome['rounds'].append(told)
    for kind in kinds if args.sync_messages else ():
        outcome = outcomes[kind.name]
        outcome['syncs'] = attempt(outcome, f'{case_label}, {kind.name}: syncs', bench.syncs, kind, load,
                                   max(args.sync_messages, 10 * clients), accept_only)
    case = {'clients': clients, 'size': octets, 'accept_only': accept_only, 'relays': outcomes}
    report.summarize(case, args.relays[0].name)
    print(report.case_text(case, args.relays[0].name), end='\n\n', flush=True)
    return case


def run_cases(bench, args):
    """The accept table, then mail from end to end by those that can deliver here."""
    for octets in args.size:
        for clients in args.clients:
            yield run_case(bench, args, args.relays, clients, octets, True)
    kinds = [kind for kind in args.relays if kind.delivers]
    for clients in args.relay_clients if kinds else ():
        yield run_case(bench, args, kinds, clients, args.relay_size, False)


def probe_appends(volume, sizes):
    """What the disk does alone: {size: {group: {syncs, messages, octets a second}}}."""
    told = {}
    for octets in sizes:
        told[octets] = {group: volume.appends(APPEND, octets, group) for group in APPEND_GROUPS}
    print(report.appends_text(told), end='\n\n', flush=True)
    return told


def run_all(args, home):
    volume = Volume(home, args.volume_size, loop=not args.no_volume)
    upstream = Upstream(args.latency)
    options = {key: value for key, value in vars(args).items() if key != 'relays'}
    try:
        volume.mount()
        upstream.start()
        results = {'machine': machine.describe(), 'volume': volume.describe(), 'options': options,
                   'versions': {}, 'cases': []}
        for kind in args.relays:
            results['versions'][kind.name] = kind.version()
        bench = Bench(upstream, volume, home, args.seconds, args.drain, args.patience)
        results['appends'] = probe_appends(volume, args.size)
        for case in run_cases(bench, args):
            results['cases'].append(case)
        results['disk_syncs_per_second'] = bench.probes
        return results
    finally:
        upstream.stop()
        volume.close()


def interrupted(*_):
    """End by way of every finally: no second signal may cut the clearing up short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit('bench: interrupted')


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    try:
        require(args)
        home = tempfile.mkdtemp(prefix='postern-bench-', dir=args.dir)
        os.chmod(home, 0o755)
        try:
            results = run_all(args, home)
        finally:
            shutil.rmtree(home)
    except (RigError, ConnectionError) as error:
        sys.exit(f'bench: {error}')
    with open(args.output, 'w') as out:
        json.dump(results, out, indent=1)
        out.write('\n')
    print(report.conditions(results))
    print(report.LEGEND)
    print(f'all rounds: {args.output}')
    failed = any(outcome['errors'] for case in results['cases'] for outcome in case['relays'].values())
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
