# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import misprobed, prospects
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.directories import PluginDir
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.journal import SILENCE, Words
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

KUBELET = Kubelet(7, 'kubelet', ['kubelet'], {}, '/var/lib/kubelet', None)


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """The plugin dir of a kubelet that was started a minute ago."""
    directory = tmp_path / 'volume' / 'exec'
    directory.mkdir(parents=True)
    monkeypatch.setattr(misprobed.directories, 'locate', lambda kubelet: (PluginDir(str(directory), 'default', 'Because.'), ''))
    monkeypatch.setattr(misprobed.process, 'started', lambda kubelet: time.time() - 60)
    monkeypatch.setattr(misprobed.process, 'version', lambda kubelet: 'v1.20.2')
    return directory


def failing(names, ago):
    """What a kubelet said whose last probe failed at these names so many seconds ago."""
    moment = time.time() - ago
    return Words({}, dict.fromkeys(names, moment), moment, True)


def test_a_file_that_came_under_a_running_kubelet(plugins, monkeypatch):
    (plugins / 'README').write_text('Drivers.')
    (plugins / '.hidden').write_text('')
    (plugins / 'acme~nfs').mkdir()
    assert misprobed.find(KUBELET, SILENCE) == {
        'README': f'Delete {plugins}/README, which is no driver directory; do not move it away, since the kubelet would go on probing its name.'}
    # Its event came before the first probe: this one, which did not fail of it.
    assert misprobed.find(KUBELET, Words({'acme~nfs': time.time() + 5}, {}, time.time() + 5, True)) == {}
    # It was there as the kubelet started, which passes over files.
    monkeypatch.setattr(misprobed.process, 'started', lambda kubelet: time.time() + 5)
    assert misprobed.find(KUBELET, SILENCE) == {}
    assert list(misprobed.find(KUBELET, failing(['README'], -10))) == ['README']


def test_a_link_is_one_where_no_driver_is_behind_it(plugins, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    for name in ('good', 'bad'):
        (plugins / f'acme~{name}').symlink_to(tmp_path / 'elsewhere')
    (plugins / 'acme~dangling').symlink_to('/nowhere')
    (tmp_path / 'elsewhere' / 'good').write_text('#!/bin/sh')
    (tmp_path / 'elsewhere' / 'good').chmod(0o755)
    assert list(misprobed.find(KUBELET, SILENCE)) == ['acme~bad', 'acme~dangling']
    assert 'acme~good' in misprobed.find(KUBELET, failing(['acme~good'], -5))


def test_a_name_that_was_moved_away_is_known_by_the_last_probe(plugins):
    (plugins / 'acme~there').mkdir()
    os.utime(str(plugins), (10, 10))
    said = Words({'acme~nfs': 10}, {'acme~old': 5, 'acme~gone': 20, 'acme~there': 20}, 20, True)
    assert misprobed.find(KUBELET, said) == {
        'acme~gone': f'Make a directory in the place of {plugins}/acme~gone, which was moved away, and remove it again: '
                     f'mkdir {plugins}/acme~gone; rmdir {plugins}/acme~gone'}
    assert misprobed.find(KUBELET, said._replace(loaded={'acme~nfs': 30}, probed=30)) == {}
    # It went after that probe, which failed of it while it was there: it may have been deleted, and nothing is wrong then.
    os.utime(str(plugins), (20, 20))
    assert misprobed.find(KUBELET, said) == {}


def test_a_command_to_type_runs_nothing_that_a_name_holds(plugins):
    """A driver that repeats a pod's option with its line breaks can have written that name into the kubelet's log."""
    os.utime(str(plugins), (10, 10))
    advice = misprobed.find(KUBELET, Words({}, {'a;reboot': 20}, 20, True))['a;reboot']
    assert advice.endswith(f"mkdir '{plugins}/a;reboot'; rmdir '{plugins}/a;reboot'")


def test_a_directory_of_which_the_kubelet_has_lost_track(plugins):
    assert list(misprobed.find(KUBELET, failing(['volume'], 5)).items()) == [
        ('volume', 'Restart the kubelet, which has lost track of a directory that was moved away, or in use as it was removed.')]


def test_a_file_is_named_before_a_deploy_or_the_node_refused(plugins, monkeypatch):
    monkeypatch.setattr(prospects.journal, 'words', lambda kubelet: SILENCE)
    ours = [DriverName('acme', 'nfs')]
    assert prospects.examine(ours, str(plugins), KUBELET, strict=True) == []
    (plugins / 'README').write_text('Drivers.')
    [warning] = prospects.examine(ours, str(plugins), KUBELET, strict=False)
    assert f'Broken here: README: no driver directory. Delete {plugins}/README' in warning and 'Repair' not in warning
    with pytest.raises(NodeError, match='Nothing was changed'):
        prospects.examine(ours, str(plugins), KUBELET, strict=True)
    monkeypatch.setattr(misprobed.process, 'version', lambda kubelet: 'v1.25.10')
    assert prospects.examine(ours, str(plugins), KUBELET, strict=True) == []


def test_what_goes_while_it_is_looked_at(plugins, monkeypatch):
    monkeypatch.setattr(misprobed.neighbours, 'misfits', lambda plugin_dir: ['gone'])
    assert misprobed.find(KUBELET, SILENCE) == {}
    assert not os.path.lexists(str(plugins / 'gone'))
    plugins.rmdir()
    assert misprobed.find(KUBELET, failing(['acme~gone'], 0)) == {}
