# SPDX-License-Identifier: ISC
"""From the raw rounds to medians, ratios and the table on the terminal."""

from statistics import median

# What is told of a relay: heading, how it is written, and where it lies in a round's results.
COLUMNS = (
    ('accept/s', '{:.0f}', 'accept', ('rate',)),
    ('accept/s*', '{:.0f}', 'relay', ('accept_rate',)),
    ('relay/s', '{:.0f}', 'relay', ('rate',)),
    ('p50 ms', '{:.2f}', 'relay', ('load', 'message_ms', 'p50')),
    ('p99 ms', '{:.1f}', 'relay', ('load', 'message_ms', 'p99')),
    ('max ms', '{:.0f}', 'relay', ('load', 'message_ms', 'max')),
    ('cpu ms/msg', '{:.3f}', 'relay', ('cpu_ms_per_message',)),
    ('flushes/msg', '{:.3f}', 'relay', ('flushes_per_message',)),
)
SYNC_COLUMN = ('syncs/msg', '{:.3f}')
RATIOS = ('accept/s', 'accept/s*', 'relay/s')

LEGEND = '''\
accept/s     messages acknowledged a second while the upstream is held: the queue only grows
accept/s*    the same while the relay delivers
relay/s      from the first MAIL to the last message at the upstream
p50 p99 max  MAIL to the 250 after the dot, while the relay delivers
cpu ms/msg   CPU time of all the relay's processes, for taking and delivering one message
flushes/msg  cache flushes of the queue's disk; syncs/msg: sync calls, counted by strace in a run of its own'''


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


def medians(outcome):
    """{heading: median} of one relay in one case."""
    told = {}
    for heading, _, phase, path in COLUMNS:
        told[heading] = middle(values(outcome['rounds'], phase, path))
    told[SYNC_COLUMN[0]] = dig(outcome.get('syncs'), ('per_message',))
    return told


def ratios(case, first):
    """How many times as fast as each of the others `first` is: of the medians, and round by round."""
    told = {}
    for name, outcome in case['relays'].items():
        if name == first or first not in case['relays']:
            continue
        told[name] = {}
        for heading, _, phase, path in COLUMNS:
            if heading not in RATIOS:
                continue
            ours = values(case['relays'][first]['rounds'], phase, path)
            theirs = values(outcome['rounds'], phase, path)
            rounds = [a / b for a, b in zip(ours, theirs) if a and b]
            if not rounds:
                continue
            told[name][heading] = {'median': middle(ours) / middle(theirs),
                                   'min': min(rounds), 'max': max(rounds)}
    return told


def summarize(case, first):
    for outcome in case['relays'].values():
        outcome['median'] = medians(outcome)
    case['ratios'] = ratios(case, first)


def table(case):
    headings = [column[:2] for column in COLUMNS] + [SYNC_COLUMN]
    lines = [['relay'] + [heading for heading, _ in headings]]
    for name, outcome in case['relays'].items():
        cells = [outcome['median'][heading] for heading, _ in headings]
        lines.append([name] + ['-' if cell is None else form.format(cell)
                               for cell, (_, form) in zip(cells, headings)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths)))
                     for line in lines)


def case_text(case, first):
    text = [f'{case["clients"]} clients, {case["size"]} octets', table(case)]
    for name, told in case['ratios'].items():
        parts = [f'{heading} {r["median"]:.1f} ({r["min"]:.1f}-{r["max"]:.1f})'
                 for heading, r in told.items()]
        text.append(f'{first} / {name}: ' + ', '.join(parts))
    for name, outcome in case['relays'].items():
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
            f'({min(probes):.0f}-{max(probes):.0f})\nupstream latency {results["options"]["latency"]} ms; '
            + ', '.join(f'{name} {version}' for name, version in results['versions'].items()))
