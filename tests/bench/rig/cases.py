# SPDX-License-Identifier: ISC
"""The cases of a run, one after another: who takes part in each, what is measured, and with whom it is compared."""

import functools
import sys

from . import report
from .measure import Load
from .postern import PosternEnvelope, PosternOff, PosternStream
from .postfix import PostfixTuned
from .process import RigError

# Over a distance: each way of sending, and the peer that keeps its connections too.
WAYS = (PosternStream, PosternEnvelope, PosternOff)
DISTANT = (*WAYS, PostfixTuned)


def attempt(outcome, what, measure, *settings):
    """A measurement that fails is an error in the results, not the end of the run."""
    print(f'  {what}', file=sys.stderr, flush=True)
    try:
        return measure(*settings)
    except RigError as error:
        outcome['errors'].append(f'{what}: {error}')
        print(f'  {error}', *getattr(error, '__notes__', ()), sep='\n', file=sys.stderr, flush=True)
        return None


class Cases:
    """All cases of the options that run.py has read; over() yields each as it is done."""

    def __init__(self, bench, args, load):
        self.bench = bench
        self.args = args
        self.load_program = load

    def over(self):
        """The accept table, then mail from end to end by those that can deliver here, near and far."""
        args = self.args
        for octets in args.size:
            for clients in args.clients:
                yield self.accept(clients, octets)
        kinds = [kind for kind in args.relays if kind.delivers]
        if kinds:
            for clients in args.relay_clients:
                yield self.relay(kinds, clients)
            if args.single_messages:
                yield self.single(kinds)
        for connections in args.wan_connections:
            yield self.distant(connections)

    def _load(self, clients, octets):
        return Load(self.load_program, clients, octets, self.args.per_connection, self.args.pipelining)

    def accept(self, clients, octets):
        load = self._load(clients, octets)
        case = self._turns('accept', f'{clients} clients, {octets} octets', self.args.relays,
                           {'accept': functools.partial(self.bench.accept, load=load)})
        self._count_syncs(case, self.args.relays, load, held=True)
        return self._told(case, self._first_over_others(case), clients=clients, size=octets)

    def relay(self, kinds, clients):
        load = self._load(clients, self.args.relay_size)
        case = self._turns('relay', f'{clients} clients, {load.size} octets, to the upstream', kinds,
                           {'accept': functools.partial(self.bench.accept, load=load),
                            'relay': functools.partial(self.bench.relay, load=load)})
        self._count_syncs(case, kinds, load, held=False)
        return self._told(case, self._first_over_others(case), clients=clients, size=load.size)

    def single(self, kinds):
        load, messages = self._load(1, self.args.relay_size), self.args.single_messages
        case = self._turns('single', f'one message at a time, {messages} of {load.size} octets', kinds,
                           {'single': functools.partial(self.bench.single, load=load, messages=messages)})
        return self._told(case, (), messages=messages, size=load.size)

    def distant(self, connections):
        """Every way of sending is compared with the peer on as many connections."""
        args = self.args
        load = self._load(args.wan_clients, args.relay_size)
        case = self._turns('distant', f'{connections} connections, {args.latency} ms away, {load.size} octets', DISTANT,
                           {'relay': functools.partial(self.bench.distant, load=load, connections=connections,
                                                       round_trip_ms=args.latency, drain=args.wan_drain)})
        return self._told(case, [(way.name, PostfixTuned.name) for way in WAYS], connections=connections,
                          latency_ms=args.latency, size=load.size)

    def _turns(self, sort, title, kinds, measures):
        """All relays, turn by turn, so that a slow minute of the machine hits all of them; measures has what is done to a
        kind, by phase."""
        outcomes = {kind.name: {'rounds': [], 'errors': []} for kind in kinds}
        for number in range(self.args.rounds):
            for kind in kinds:
                outcome = outcomes[kind.name]
                label = f'{title}, round {number + 1}, {kind.name}'
                outcome['rounds'].append({phase: attempt(outcome, f'{label}: {phase}', measure, kind)
                                          for phase, measure in measures.items()})
        return {'sort': sort, 'title': title, 'relays': outcomes}

    def _count_syncs(self, case, kinds, load, held):
        for kind in kinds if self.args.sync_messages else ():
            outcome = case['relays'][kind.name]
            outcome['syncs'] = attempt(outcome, f'{case["title"]}, {kind.name}: syncs', self.bench.syncs, kind, load,
                                       max(self.args.sync_messages, 10 * load.clients), held)

    @staticmethod
    def _first_over_others(case):
        first, *others = case['relays']
        return [(first, other) for other in others]

    @staticmethod
    def _told(case, pairs, **conditions):
        case.update(conditions)
        report.summarize(case, pairs)
        print(report.case_text(case), end='\n\n', flush=True)
        return case
