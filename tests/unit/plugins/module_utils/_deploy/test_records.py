# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import program, records
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._kept import NAME, keep


def test_a_record_remembers_since_when_the_driver_is_there(plugins):
    since = records.read(NAME)['since']
    assert since == os.stat(str(plugins / 'acme~d' / 'd')).st_mtime
    os.utime(str(plugins / 'acme~d' / 'd'))
    keep(plugins, heal=True)
    assert records.read(NAME)['since'] == since


def test_without_a_record_a_driver_counts_from_its_last_change(plugins):
    executable = plugins / 'acme~d' / 'd'
    assert records.since(records.read(NAME), str(executable)) == records.read(NAME)['since']
    assert records.since({}, str(executable)) == os.stat(str(executable)).st_ctime
    assert records.since({}, str(plugins / 'nowhere')) == 0


def test_a_record_is_on_the_disk_before_it_has_its_name(plugins, monkeypatch):
    """A power cut would leave an empty one, and nothing touches the driver of such a one."""
    done = []
    monkeypatch.setattr(os, 'fsync', lambda descriptor: done.append('fsync'))
    rename = os.rename
    monkeypatch.setattr(os, 'rename', lambda source, target: done.append('rename') or rename(source, target))
    records.write(records.path(NAME), '{}')
    assert done == ['fsync', 'rename']


def test_a_record_that_cannot_be_read_is_refused_with_a_sentence(plugins):
    records.write(records.path(NAME), '{"plugin_dir": ')
    with pytest.raises(NodeError, match=r'The record .*acme~d\.driver\.json cannot be read .*: deploy acme/d again'):
        records.read(NAME)


@pytest.mark.parametrize('damage', ['', '{"plugin_dir": '])
def test_deploying_again_writes_a_damaged_record_anew_and_withdrawing_removes_it(plugins, damage):
    whole = records.read(NAME)
    with open(records.path(NAME), 'w', encoding='utf-8') as record:
        record.write(damage)
    outcome = Outcome()
    records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': [], 'heal': None}, outcome, check=False)
    assert records.read(NAME) == whole
    assert [change['before'] for change in outcome.diff] == ['state: damaged\n']
    with open(records.path(NAME), 'w', encoding='utf-8') as record:
        record.write(damage)
    records.keep(NAME, {}, Outcome(), check=False)
    assert not os.path.exists(records.path(NAME))


def test_what_a_writer_that_was_killed_left_goes_with_the_last_record(plugins):
    for path in (records.path(NAME), records.said(NAME), records.healed()):
        with open(f'{path}.new', 'w', encoding='utf-8') as unfinished:
            unfinished.write('{')
    program.tidy()
    assert os.path.exists(records.path(NAME))
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)


def test_a_record_for_which_the_disk_is_too_full_is_named(plugins):
    os.symlink('/dev/full', f'{records.path(NAME)}.new')
    with pytest.raises(NodeError, match=r'The record .*acme~d\.driver\.json cannot be written \(No space left on device\): see to its file system'):
        records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': [], 'heal': True}, Outcome(), check=False)
