# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import at_boot
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome

BUNDLE = Payload(content=b'bundle')


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node with a systemd that does as it is told; C(units) is what it was last told."""
    class Node:
        directory = tmp_path / 'kept'
        units = None

        def files(self):
            return {path.name: path.read_bytes() for path in self.directory.iterdir()} if self.directory.exists() else {}

    def ensure(units, timers, unwanted, check, enabled):
        Node.units = dict(units, timers=timers, unwanted=unwanted, enabled=enabled)
        return Outcome(timers={}, asleep=[])

    monkeypatch.setattr(at_boot, 'DIRECTORY', str(Node.directory))
    monkeypatch.setattr(at_boot.systemd, 'usable', lambda: True)
    monkeypatch.setattr(at_boot.systemd, 'ensure', ensure)
    for function in ('chown', 'fchown'):
        monkeypatch.setattr(at_boot.os, function, lambda *_owner: None)
    # Whoever runs this owns the files; on a node that is root.
    monkeypatch.setattr(at_boot, '_described', lambda _owner, mode, _file_owner, file_mode, sha256: f'{mode:o} {file_mode:o} {sha256}')
    return Node()


def keep(bundle=BUNDLE, interval=None, check=False):
    return at_boot.ensure(bundle, interval, ['kubelet.service'], check)


def test_the_bundle_is_kept_for_root_alone_and_applied_before_the_kubelet_starts(node):
    outcome = keep()
    outcome.settle()
    assert node.files() == {'flexvolume-node.pyz': b'bundle'}
    assert (node.directory.stat().st_mode & 0o777, (node.directory / 'flexvolume-node.pyz').stat().st_mode & 0o777) == (0o700, 0o600)
    assert f'-I {node.directory}/flexvolume-node.pyz apply --at-boot\n' in node.units['flexvolume-apply.service']
    assert 'Before=kubelet.service\n' in node.units['flexvolume-apply.service']
    assert (node.units['enabled'], node.units['timers'], node.units['unwanted']) == (['flexvolume-apply.service'], [], ['flexvolume-apply.timer'])


def test_nothing_that_the_kubelet_waits_for_can_hang_or_hold_it_up(node):
    keep()
    service = node.units['flexvolume-apply.service']
    assert 'TimeoutStartSec=' in service
    assert 'Requires=' not in service and 'RequiredBy=' not in service


def test_an_interval_gives_a_timer(node):
    keep(interval='10min')
    assert 'OnUnitInactiveSec=10min\n' in node.units['flexvolume-apply.timer']
    assert (node.units['timers'], node.units['unwanted']) == (['flexvolume-apply.timer'], [])


@pytest.mark.parametrize('keeps', [True, False])
def test_what_the_node_keeps_is_left_as_it_is(node, keeps):
    if keeps:
        keep().settle()
    before = node.files()
    outcome = keep(at_boot.LEFT)
    outcome.settle()
    assert (outcome.changed, outcome.facts, node.files()) == (False, {'at_boot': keeps, 'awaited': []}, before)


def test_keeping_the_same_again_changes_nothing(node):
    keep().settle()
    before = os.stat(str(node.directory / 'flexvolume-node.pyz'))
    assert not keep().changed
    after = os.stat(str(node.directory / 'flexvolume-node.pyz'))
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_check_mode_keeps_nothing(node):
    assert keep(check=True).changed
    assert node.files() == {}


def test_another_bundle_replaces_it_and_gives_way_to_it_again(node):
    keep().settle()
    outcome = keep(Payload(content=b'better'))
    assert node.files()['flexvolume-node.pyz'] == b'better'
    outcome.take_back()
    assert node.files() == {'flexvolume-node.pyz': b'bundle'}
    keep(Payload(content=b'better')).settle()
    assert node.files() == {'flexvolume-node.pyz': b'better'}


def test_a_first_bundle_that_is_taken_back_leaves_nothing(node):
    keep().take_back()
    assert not node.directory.exists()


@pytest.mark.parametrize('content', [b'bundle', b'better'])
def test_what_a_killed_run_left_is_cleared_by_the_next(node, content):
    """The bundle before may hold secrets that were exchanged since; a bundle that stays the same leaves it no longer either."""
    keep().settle()
    for name in ('.new', '.old'):
        (node.directory / name).write_bytes(b'half')
    assert keep(Payload(content=content), check=True).changed and len(node.files()) == 3
    keep(Payload(content=content)).settle()
    assert node.files() == {'flexvolume-node.pyz': content}


def test_what_a_killed_run_left_goes_with_the_bundle(node):
    keep().settle()
    for name in ('.new', '.old'):
        (node.directory / name).write_bytes(b'half')
    keep(None).settle()
    assert not node.directory.exists()


def test_without_a_bundle_the_kept_one_goes_once_everything_else_is_done(node):
    keep().settle()
    outcome = keep(None)
    assert outcome.changed and node.files()
    assert node.units['unwanted'] == ['flexvolume-apply.service', 'flexvolume-apply.timer']
    outcome.settle()
    assert not node.directory.exists()
    assert not keep(None).changed


def test_a_bundle_of_which_only_the_checksum_came_is_awaited_and_nothing_done(node):
    outcome = keep(Payload(sha256='12'))
    assert outcome.facts['awaited'] == ['flexvolume-node.pyz']
    assert node.files() == {} and node.units is None
    keep().settle()
    assert keep(Payload(sha256=BUNDLE.sha256)).facts['awaited'] == []


def test_without_systemd_it_is_refused_and_its_absence_is_not(node, monkeypatch):
    monkeypatch.setattr(at_boot.systemd, 'usable', lambda: False)
    with pytest.raises(NodeError, match=r'by systemd, which neither runs nor is installed here: leave at_boot out'):
        keep()
    assert not keep(None).changed


def test_a_place_that_is_no_directory_is_refused(node, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    node.directory.symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(NodeError, match='is no directory'):
        keep()
    assert list((tmp_path / 'elsewhere').iterdir()) == []
