# SPDX-License-Identifier: ISC
"""The benchmark's own tests: postern-load tells the truth, and so does the arithmetic."""

import json
import os
import pathlib
import smtplib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'e2e')]

from provider import BUILD, Provider  # noqa: E402
from rig import report  # noqa: E402
from rig.measure import parse_strace, send_one  # noqa: E402

LOAD = BUILD / 'postern-load'


@pytest.fixture
def provider():
    with Provider('--plain', '0', '--no-auth') as running:
        yield running


def load(provider, *options, messages=60, status=0):
    done = subprocess.run([LOAD, '--clients', '4', '--messages', str(messages), '--stall', '20s', *options,
                           '127.0.0.1', str(provider.plain_port)], stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == status
    return json.loads(done.stdout)


@pytest.mark.parametrize('options', [
    [], ['--pipelining'], ['--per-connection', '1'], ['--recipients', '3'], ['--recipients', '3', '--pipelining'],
    ['--size', '100K'],
])
def test_load_is_a_correct_client(provider, options):
    told = load(provider, *options)
    seen = provider.stats()
    assert (told['accepted'], told['failed'], told['unanswered']) == (60, 0, 0)
    assert seen['messages'] == 60
    assert seen['violations'] == 0, seen['violation_list']


def test_content_has_the_size_asked_for(provider):
    load(provider, '--size', '5000', messages=3)
    assert {len(m.content) for m in provider.messages()} == {5000}


def test_ack_log_has_the_ids_of_accepted_messages_only(provider, tmp_path):
    log = tmp_path / 'acks'
    provider.fault('dot=reply:452 4.3.1 full,count=7')
    told = load(provider, '--ack-log', log, status=1)
    ids = log.read_text().split()
    assert (told['accepted'], told['failed']) == (53, 7)
    assert told['errors'] == {'452 4.3.1 at dot': 7}
    assert sorted(ids) == sorted(m.test_id for m in provider.messages())


@pytest.mark.parametrize('fault, error', [
    ('mail=reply:450 4.2.1 later,count=2', '450 4.2.1 at MAIL'),
    ('rcpt=reply:550 5.1.1 no,count=2', '550 5.1.1 at RCPT'),
    ('data=close,count=2', 'closed by the server at DATA'),
    ('dot=421,count=2', 'session refused at dot'),
])
def test_a_failure_costs_its_message_only(provider, fault, error):
    provider.fault(fault)
    told = load(provider, status=1)
    assert (told['accepted'], told['failed'], told['unanswered']) == (58, 2, 0)
    assert told['errors'][error] == 2


def test_load_gives_up_when_nothing_moves(provider):
    provider.fault('dot=silence')
    told = load(provider, '--stall', '1s', status=1)
    assert told['stalled'] and told['accepted'] == 0 and told['unanswered'] == 4


def test_strace_counts_calls_and_those_of_segments(tmp_path):
    trace = tmp_path / 'strace'
    trace.write_text('12 fdatasync(7</q/log/0000000000000001.seg>) = 0\n'
                     '12 fdatasync(7</q/log/0000000000000001.seg> <unfinished ...>\n'
                     '13 fsync(8</q/log>) = -1 EIO (Input/output error)\n'
                     '12 <... fdatasync resumed>) = 0\n'
                     '13 sync() = 0\n')
    assert parse_strace(trace) == ({'fdatasync': 2, 'fsync': 1, 'sync': 1}, 2)


def test_append_probe(tmp_path):
    done = subprocess.run([BUILD / 'postern-append', tmp_path / 'f', '4K', '8', '10ms'], stdout=subprocess.PIPE,
                          check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told['messages'] == pytest.approx(8 * told['syncs'], rel=0.01)
    assert told['octets'] == pytest.approx(4096 * told['messages'], rel=0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_busy_load_generator_is_told():
    ours = measured(100)
    ours['rounds'][0]['accept']['load_cpu_share'] = 0.95
    case = {'sort': 'accept', 'title': '', 'relays': {'a': ours, 'postern-nosync': measured(200)}}
    report.summarize(case, [('a', 'postern-nosync')])
    assert case['relays']['a']['of_nosync'] == 50
    assert 'a: the load generator took 95% of a core' in report.case_text(case)


def measured(*rates):
    return {'rounds': [rate and {'accept': {'rate': rate}, 'relay': None} for rate in rates], 'errors': []}


def test_ratios_are_of_medians_and_span_the_rounds():
    case = {'sort': 'relay', 'title': '', 'relays': {'a': measured(100, 90, 800), 'b': measured(10, 30, 20)}}
    report.summarize(case, [('a', 'b')])
    assert case['ratios'] == {'a / b': {'accept/s': {'median': 5, 'min': 3, 'max': 40}}}
    assert case['relays']['a']['median']['relay/s'] is None
    assert 'a / b: accept/s 5.0 (3.0-40.0)' in report.case_text(case)


def test_ratios_pair_only_rounds_that_both_have():
    ours, theirs = measured(100, 200), measured(10, 20)
    ours['rounds'][0]['accept'] = None
    case = {'sort': 'relay', 'title': '', 'relays': {'a': ours, 'b': theirs}}
    report.summarize(case, [('a', 'b')])
    assert case['ratios']['a / b']['accept/s'] == {'median': 200 / 15, 'min': 10, 'max': 10}


def test_over_a_distance_each_way_is_compared_with_the_peer():
    rounds = {name: {'rounds': [{'relay': {'rate': rate, 'upstream': {'connections_max': 1}}}], 'errors': []}
              for name, rate in (('stream', 600), ('off', 3), ('peer', 6))}
    case = {'sort': 'distant', 'title': 'far away', 'relays': rounds}
    report.summarize(case, [('stream', 'peer'), ('off', 'peer')])
    text = report.case_text(case)
    assert 'stream / peer: relay/s 100.0' in text and 'off / peer: relay/s 0.5' in text


def test_one_message_is_timed_at_its_end(provider):
    with smtplib.SMTP('127.0.0.1', provider.plain_port) as client:
        client.ehlo()
        end = send_one(client, 4096)
    message, = provider.wait_for(1)
    assert 4000 < len(message.content) <= 4096
    assert 0 < provider.stats()['last_message'] - end < 10
