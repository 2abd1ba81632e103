# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line in the journal for each mount, unmount, refusal and prune; secrets nowhere."""

import base64
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_driver import LONG_AGO

JOURNAL = Path('/run/systemd/journal/socket')
FIELDS = {'MESSAGE', 'PRIORITY', 'SYSLOG_FACILITY', 'SYSLOG_IDENTIFIER'} | {
    f'DYNHOSTPATH_{name}' for name in ('CALLOUT', 'OUTCOME', 'NAMESPACE', 'POD', 'UID', 'VOLUME', 'MILLISECONDS')}


def receive(server) -> list:
    server.settimeout(0.2)
    lines = []
    while True:
        try:
            lines.append(server.recv(65536).decode())
        except TimeoutError:
            return lines


@pytest.fixture
def journal():
    """Stand in for journald: a function that returns the entries received since it was last called."""
    JOURNAL.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(JOURNAL))
        yield lambda: [dict(line.split('=', 1) for line in entry.splitlines()) for entry in receive(server)]
    JOURNAL.unlink()
    JOURNAL.parent.rmdir()
    JOURNAL.parent.parent.rmdir()


def test_each_mount_and_unmount_is_one_entry(node, journal):
    node.mount('u1')
    node.unmount('u1')
    entries = journal()
    assert [set(entry) for entry in entries] == [FIELDS, FIELDS]
    for entry, callout in zip(entries, ('mount', 'unmount'), strict=True):
        assert entry['SYSLOG_IDENTIFIER'] == 'dynhostpath'
        assert entry['PRIORITY'] == '6'
        named = {name: entry[f'DYNHOSTPATH_{name.upper()}'] for name in ('callout', 'outcome', 'namespace', 'pod', 'uid', 'volume')}
        assert named == {'callout': callout, 'outcome': 'Success', 'namespace': 'default', 'pod': 'pod-u1', 'uid': 'u1', 'volume': 'logs'}
        assert 0 < float(entry['DYNHOSTPATH_MILLISECONDS']) < 60000
        assert all(f'{name}={value}' in entry['MESSAGE'] for name, value in named.items())


def test_init_is_quiet(node, journal):
    node.call('init')
    node.call('attach', '{}', 'node')
    assert journal() == []


def test_a_refusal_is_an_entry_with_its_reason(node, journal):
    answer = node.mount('u1', colour='red')
    entry, = journal()
    assert entry['PRIORITY'] == '4'
    assert entry['DYNHOSTPATH_OUTCOME'] == 'Failure'
    assert entry['DYNHOSTPATH_MESSAGE'] == answer.message


def test_a_pod_cannot_forge_an_entry(node, journal):
    node.mount('u1', **{'kubernetes.io/pod.name': 'x\nPRIORITY=0\nDYNHOSTPATH_POD=other', 'a\nMESSAGE=b': 'c'})
    entry, = journal()
    assert entry['PRIORITY'] == '4'
    assert entry.get('DYNHOSTPATH_POD') is None


def test_prune_is_one_entry_for_each_directory(make_node, journal):
    node = make_node(retention='1h')
    for uid in ('u1', 'u2'):
        node.mount(uid)
        node.unmount(uid)
        node.forget_pod(uid)
        os.utime(node.base / '.state' / uid / 'logs', (LONG_AGO, LONG_AGO))
    journal()
    node.prune('--dry-run')
    assert journal() == []
    node.prune()
    entries = journal()
    assert [entry['DYNHOSTPATH_UID'] for entry in entries] == ['u1', 'u2']
    assert all(entry['DYNHOSTPATH_MESSAGE'].startswith('removed default/') for entry in entries)
    # The service of the timer lets no less through.
    assert {entry['PRIORITY'] for entry in entries} == {'5'}


def test_what_prune_could_not_do_is_an_entry_with_its_reason(make_node, journal):
    node = make_node()
    (node.base / '.state/u1').mkdir(parents=True, mode=0o700)
    (node.base / '.state/u1/logs').write_text('nonsense')
    (node.base / '.trash/u2~1/busy').mkdir(parents=True)
    subprocess.run(['mount', '--bind', node.outside, node.base / '.trash/u2~1/busy'], check=True)
    assert node.prune().exit_status == 1
    node.base.chmod(0o777)
    assert node.prune().exit_status == 2
    record, trash, base = journal()
    assert {entry['DYNHOSTPATH_OUTCOME'] for entry in (record, trash, base)} == {'Failure'}
    assert '.state/u1/logs' in record['DYNHOSTPATH_MESSAGE']
    assert '.trash/u2~1/busy' in trash['DYNHOSTPATH_MESSAGE']
    assert 'others than root can write to it' in base['DYNHOSTPATH_MESSAGE']


def test_a_full_or_absent_journal_neither_stops_nor_delays(node, journal):
    for _time in range(30):
        assert node.mount('u1').status == 'Success'
    assert 0 < len(journal()) <= 30


def test_secrets_are_nowhere(node, journal):
    secret = base64.b64encode(b'very secret').decode()
    options = {'kubernetes.io/secret/password': secret}
    answers = [
        node.mount('u1', **options),
        node.mount('u1', colour='red', **options),
        node.call('mount', node.mount_dir('u1'), json.dumps(node.options('u1', **options))[:-1]),
        node.call('mount', node.mount_dir('u2'), json.dumps(node.options('u1', **options))),
        node.unmount('u1'),
    ]
    assert [answer.status for answer in answers] == ['Success', 'Failure', 'Failure', 'Failure', 'Success']
    assert secret not in str(answers) + str(journal())
    assert subprocess.run(['grep', '-r', secret, node.root], check=False).returncode == 1


def test_without_journald_the_line_goes_to_syslog(node):
    """In a namespace with a /dev of its own, as the machine's is shared."""
    program = f'''
import os, socket, subprocess
subprocess.run('mount -t tmpfs tmpfs /dev && mknod /dev/null c 1 3 && mknod /dev/urandom c 1 9', shell=True, check=True)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
    server.bind('/dev/log')
    subprocess.run({node.command('unmount', node.mount_dir('u1'))!r}, check=True)
    server.settimeout(1)
    os.write(1, server.recv(65536))
'''
    output = subprocess.run(['unshare', '--mount', '--propagation', 'private', sys.executable, '-c', program], stdout=subprocess.PIPE, check=True).stdout
    answer, line = output.decode().split('\n')
    assert json.loads(answer)['status'] == 'Success'
    assert line.startswith('<30>dynhostpath[')
    assert ' callout=unmount outcome=Success uid=u1 volume=logs milliseconds=' in line
