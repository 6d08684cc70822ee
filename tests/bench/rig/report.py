# SPDX-License-Identifier: ISC
"""From the raw rounds to medians, ratios and the table on the terminal."""

from statistics import median

# What is told of a relay: heading, how it is written, and where it lies in a round's results.
ACCEPT_COLUMNS = (
    ('accept/s', '{:.0f}', 'accept', ('rate',)),
    ('p50 ms', '{:.2f}', 'accept', ('load', 'message_ms', 'p50')),
    ('p99 ms', '{:.1f}', 'accept', ('load', 'message_ms', 'p99')),
    ('cpu ms/msg', '{:.3f}', 'accept', ('cpu_ms_per_message',)),
    ('flushes/msg', '{:.3f}', 'accept', ('flushes_per_message',)),
)
RELAY_COLUMNS = (
    ('accept/s', '{:.0f}', 'accept', ('rate',)),
    ('accept/s*', '{:.0f}', 'relay', ('accept_rate',)),
    ('relay/s', '{:.0f}', 'relay', ('rate',)),
    ('p50 ms', '{:.2f}', 'relay', ('load', 'message_ms', 'p50')),
    ('p99 ms', '{:.1f}', 'relay', ('load', 'message_ms', 'p99')),
    ('max ms', '{:.0f}', 'relay', ('load', 'message_ms', 'max')),
    ('cpu ms/msg', '{:.3f}', 'relay', ('cpu_ms_per_message',)),
    ('flushes/msg', '{:.3f}', 'relay', ('flushes_per_message',)),
)
SINGLE_COLUMNS = (
    ('p50 ms', '{:.2f}', 'single', ('arrival_ms', 'p50')),
    ('p99 ms', '{:.2f}', 'single', ('arrival_ms', 'p99')),
    ('max ms', '{:.1f}', 'single', ('arrival_ms', 'max')),
)
DISTANT_COLUMNS = (
    ('relay/s', '{:.1f}', 'relay', ('rate',)),
    ('cpu ms/msg', '{:.3f}', 'relay', ('cpu_ms_per_message',)),
    ('connections', '{:.0f}', 'relay', ('upstream', 'connections_max')),
)
# Told once for each case, not of each round.
CASE_COLUMNS = (
    ('syncs/msg', '{:.3f}', ('syncs', 'per_message')),
    ('log/msg', '{:.3f}', ('syncs', 'segments_per_message')),
    ('% nosync', '{:.0f}', ('of_nosync',)),
)
# By the sort of a case: what is told of each round, and of the case.
SORTS = {
    'accept': (ACCEPT_COLUMNS, CASE_COLUMNS),
    'relay': (RELAY_COLUMNS, CASE_COLUMNS),
    'single': (SINGLE_COLUMNS, ()),
    'distant': (DISTANT_COLUMNS, ()),
}
RATIOS = ('accept/s', 'accept/s*', 'relay/s')
LIMIT = 'postern-nosync'
BUSY_LOAD = 0.9  # of a core

LEGEND = '''\
accept/s     messages acknowledged a second while the upstream is held: the queue only grows
accept/s*    the same while the relay delivers
relay/s      from the first MAIL to the last message at the upstream, or to the end of the time for it
p50 p99 max  MAIL to the 250 after the dot (while the relay delivers, where it does)
cpu ms/msg   CPU time of all the relay's processes for one message
flushes/msg  cache flushes of the queue's disk
syncs/msg    sync calls, counted by strace in a run of its own; log/msg: those of postern's segments alone
one message  p50 p99 max: from the client's final dot to the upstream's having all of the message
% nosync     accept/s, of that of postern-nosync: the same listener on a disk that takes no time'''


def columns(case):
    return SORTS[case['sort']][0]


def case_columns(case):
    return SORTS[case['sort']][1]


def dig(tree, path):
    for key in path:
        if tree is None:
            return None
        tree = tree.get(key)
    return tree


def values(rounds, phase, path):
    """One value of each round, None where it was not measured."""
    return [dig(r.get(phase), path) for r in rounds]


def middle(found):
    known = [v for v in found if v is not None]
    return median(known) if known else None


def medians(case, outcome):
    """{heading: median} of one relay in one case."""
    return {heading: middle(values(outcome['rounds'], phase, path))
            for heading, _, phase, path in columns(case)}


def ratio(case, ours, theirs):
    """How many times as fast: {heading: of the medians, and the least and the greatest of a round}."""
    told = {}
    for heading, _, phase, path in columns(case):
        if heading not in RATIOS:
            continue
        a, b = (values(case['relays'][name]['rounds'], phase, path) for name in (ours, theirs))
        rounds = [x / y for x, y in zip(a, b) if x and y]
        if rounds:
            told[heading] = {'median': middle(a) / middle(b), 'min': min(rounds), 'max': max(rounds)}
    return told


def summarize(case, pairs):
    """Add the medians, and the ratios of these pairs of relays."""
    for outcome in case['relays'].values():
        outcome['median'] = medians(case, outcome)
    limit = dig(case['relays'].get(LIMIT), ('median', 'accept/s'))
    for outcome in case['relays'].values():
        rate = outcome['median'].get('accept/s')
        outcome['of_nosync'] = 100 * rate / limit if rate and limit else None
        outcome['median'].update({heading: dig(outcome, path) for heading, _, path in case_columns(case)})
    case['ratios'] = {f'{ours} / {theirs}': ratio(case, ours, theirs) for ours, theirs in pairs}


def busy_load(outcome):
    """The greatest share of a core that the load generator took in a round, if that may have been the limit."""
    shares = [share for share in values(outcome['rounds'], 'accept', ('load_cpu_share',)) if share]
    return max(shares) if shares and max(shares) > BUSY_LOAD else None


def table(case):
    headings = [column[:2] for column in columns(case) + case_columns(case)]
    lines = [['relay'] + [heading for heading, _ in headings]]
    for name, outcome in case['relays'].items():
        cells = [outcome['median'][heading] for heading, _ in headings]
        lines.append([name] + ['-' if cell is None else form.format(cell)
                               for cell, (_, form) in zip(cells, headings)])
    return aligned(lines)


def appends_text(told):
    """The disk alone, a line for each size and group."""
    lines = [['octets', 'group', 'syncs/s', 'messages/s', 'MB/s']]
    for octets, groups in told.items():
        for group, rates in groups.items():
            lines.append([str(octets), str(group), f'{rates["syncs"]:.0f}', f'{rates["messages"]:.0f}',
                          f'{rates["octets"] / 1e6:.0f}'])
    return 'the disk alone: appends in groups, one fdatasync each\n' + aligned(lines)


def aligned(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths)))
                     for line in lines)


def case_text(case):
    text = [case['title'], table(case)]
    for pair, told in case['ratios'].items():
        parts = [f'{heading} {r["median"]:.1f} ({r["min"]:.1f}-{r["max"]:.1f})'
                 for heading, r in told.items()]
        text.append(f'{pair}: ' + ', '.join(parts))
    for name, outcome in case['relays'].items():
        share = busy_load(outcome)
        if share:
            text.append(f'{name}: the load generator took {100 * share:.0f}% of a core: it may be the limit')
        for trouble in outcome.get('errors', []):
            text.append(f'{name}: {trouble}')
    return '\n'.join(text)


def conditions(results):
    machine, volume = results['machine'], results['volume']
    queue = volume['file_system']
    if volume['loop']:
        queue += ' with a journal' if volume['journal'] else ' without a journal'
        queue += ', on a loop device'
    else:
        queue += f', a plain directory ({volume["why"]})'
    probes = results['disk_syncs_per_second']
    return (f'{machine["cpu"]}, {machine["cpus"]} cores, {machine["memory"]}, {machine["system"]}, '
            f'Linux {machine["kernel"]}\nqueues on {queue}; alone, it syncs {median(probes):.0f} times a second '
            f'({min(probes):.0f}-{max(probes):.0f})\nupstream {results["options"]["latency"]} ms away where it says so; '
            + ', '.join(f'{name} {version}' for name, version in results['versions'].items()))
