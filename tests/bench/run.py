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
from rig.cases import DISTANT, Cases
from rig.exim import Exim
from rig.measure import Bench
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
    p.add_argument('--single-messages', type=int, default=200, metavar='N',
                   help='of those sent one at a time; 0: no such case')
    p.add_argument('--wan-connections', type=listed(int), default=[1, 20], metavar='N,...',
                   help='of the cases over a distance; an empty text: no such case')
    p.add_argument('--latency', type=int, default=50, metavar='MS', help='of a round trip over that distance')
    p.add_argument('--wan-clients', type=int, default=20, metavar='N')
    p.add_argument('--wan-drain', type=int, default=6, metavar='SECONDS', help='as --drain, over a distance')
    p.add_argument('--sync-messages', type=int, default=1000, help='of the run under strace; 0: no such run')
    p.add_argument('--drain', type=int, default=30, help='seconds for the queue to empty, before its rate is taken')
    p.add_argument('--patience', type=int, default=30, help='seconds that delivery may stand still')
    p.add_argument('--volume-size', type=size, default=size('2G'))
    p.add_argument('--no-volume', action='store_true', help='queues in the temporary directory itself')
    p.add_argument('--dir', default='/var/tmp', help='for the temporary directory')
    p.add_argument('--output', default='bench.json')
    return p.parse_args()


def kinds_of(args):
    """All that take part in the run."""
    return list(dict.fromkeys([*args.relays, *(DISTANT if args.wan_connections else ())]))


def require(args):
    missing = [what for kind in kinds_of(args) for what in kind.missing()]
    missing += [f'{path} (make)' for path in (LOAD, APPEND, PROGRAM)
                if not os.access(path, os.X_OK)]
    if args.sync_messages and not shutil.which('strace'):
        missing.append('strace')
    if os.geteuid() != 0:
        missing.append('root (for Postfix and the loop device)')
    if missing:
        raise RigError('missing: ' + ', '.join(dict.fromkeys(missing))
                       + '\n(contrib/install-packages build bench)')


def probe_appends(volume, sizes):
    """What the disk does alone: {size: {group: {syncs, messages, octets a second}}}."""
    told = {}
    for octets in sizes:
        told[octets] = {group: volume.appends(APPEND, octets, group) for group in APPEND_GROUPS}
    print(report.appends_text(told), end='\n\n', flush=True)
    return told


def run_all(args, home):
    volume = Volume(home, args.volume_size, loop=not args.no_volume)
    upstream = Upstream()
    options = {key: value for key, value in vars(args).items() if key != 'relays'}
    try:
        volume.mount()
        upstream.start()
        results = {'machine': machine.describe(), 'volume': volume.describe(), 'options': options,
                   'versions': {}, 'cases': []}
        for kind in kinds_of(args):
            results['versions'][kind.name] = kind.version()
        bench = Bench(upstream, volume, home, args.seconds, args.drain, args.patience)
        results['appends'] = probe_appends(volume, args.size)
        for case in Cases(bench, args, LOAD).over():
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
