# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import prospects
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.directories import PluginDir
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

NAME = DriverName('acme', 'd')


@pytest.fixture
def kubelet(tmp_path, monkeypatch):
    """A kubelet that was started long ago and watches nothing, whose files in /proc are there until the test takes them away."""
    proc = tmp_path / 'proc'
    (proc / '7').mkdir(parents=True)
    (proc / 'stat').write_text('btime 1000\n')
    (proc / '7' / 'stat').write_text('7 (kubelet) ' + ' '.join(['0'] * 19) + ' 100\n')
    monkeypatch.setattr(prospects.directories, 'plugin_dir', lambda kubelet: PluginDir(str(tmp_path), 'default', 'Because.'))
    return Kubelet(7, 'kubelet', ['kubelet'], {}, '/var/lib/kubelet', None, proc=str(proc))


def test_a_kubelet_that_does_not_watch_is_refused(kubelet, tmp_path):
    with pytest.raises(NodeError, match=r'The kubelet \(pid 7\) does not watch its plugin dir'):
        prospects.refuse_unwatched(str(tmp_path), kubelet)


@pytest.mark.parametrize('given, runs, source, warned', [
    ('/given', True, 'default', True), ('/given', False, 'config file', True), ('/given', False, 'default', False), ('', True, 'default', False),
])
def test_a_plugin_dir_in_which_the_kubelet_does_not_look_is_told_of(kubelet, monkeypatch, tmp_path, given, runs, source, warned):
    looked_at = PluginDir(str(tmp_path), source, 'Because.')
    monkeypatch.setattr(prospects.directories, 'locate', lambda kubelet: (looked_at, ''))
    directory = PluginDir(given, 'argument', '') if given else looked_at
    warnings = prospects.elsewhere(directory, kubelet if runs else None)
    assert [f'in {tmp_path}, so it never finds what is deployed to /given' in warning for warning in warnings] == [True] * warned


def test_the_plugin_dir_in_which_the_kubelet_looks_may_be_given(kubelet, monkeypatch, tmp_path):
    monkeypatch.setattr(prospects.directories, 'locate', lambda kubelet: (PluginDir(str(tmp_path), 'process', ''), ''))
    assert prospects.elsewhere(PluginDir(f'{tmp_path}/', 'argument', ''), kubelet) == []


@pytest.mark.parametrize('state, kubelet_looks_in, left_behind', [
    ('absent', 'new', True), ('absent', 'old', False), ('present', 'new', False),
])
def test_a_driver_that_lies_in_two_plugin_dirs(monkeypatch, tmp_path, state, kubelet_looks_in, left_behind):
    """It was deployed to the new one last; whatever is done now is done in the old one."""
    (tmp_path / 'new' / 'acme~d').mkdir(parents=True)
    (tmp_path / 'new' / 'acme~d' / 'd').touch()
    monkeypatch.setattr(prospects.records, 'known', lambda name: {'plugin_dir': str(tmp_path / 'new')})
    monkeypatch.setattr(prospects.directories, 'locate', lambda kubelet: (PluginDir(str(tmp_path / kubelet_looks_in), 'process', ''), ''))
    found, warnings = prospects.moved([{'name': NAME, 'state': state}], str(tmp_path / 'old'), None)
    assert (found, [f'acme/d still lies in {tmp_path}/new' in warning for warning in warnings]) == (([NAME], []) if left_behind else ([], [True]))
    assert prospects.moved([{'name': NAME, 'state': state}], f'{tmp_path}/new/', None) == ([], [])


@pytest.mark.parametrize('unit, warned', [('kublet.service', True), ('kubelet.service', False), (None, False)])
def test_a_unit_that_there_is_not_is_told_of_where_a_kubelet_runs(kubelet, monkeypatch, unit, warned):
    monkeypatch.setattr(prospects.systemd, 'installed', lambda units: [unit for unit in units if unit == 'kubelet.service'])
    warnings = prospects.without_unit(kubelet, unit)
    assert bool(warnings) == warned and all(f'There is no {unit} on this node' in warning for warning in warnings)
    assert prospects.without_unit(None, unit) == []


def test_a_kubelet_that_ended_while_it_was_looked_at_is_no_reason(kubelet, tmp_path):
    """Its start cannot be read any more, and of what it watches nothing is left either."""
    (tmp_path / 'proc' / '7' / 'stat').unlink()
    (tmp_path / 'proc' / '7').rmdir()
    prospects.refuse_unwatched(str(tmp_path), kubelet)
