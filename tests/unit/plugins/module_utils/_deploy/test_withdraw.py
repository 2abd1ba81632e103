# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system.mounts import Mount
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._published import NAME, Node, driver, script

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='what is published is given to root')


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / 'kubelet' / 'plugins')


def test_withdrawing_tells_in_check_mode_what_it_then_removes_and_is_done_once(node):
    node.deploy(script(1), config={})
    before = node.files()
    gone = [driver(state='absent')]
    planned = withdraw.ensure(gone, str(node.dir), None, True)
    assert (planned.diff[0]['before'], node.files()) == ('state: present\n.config.json\n.nodeops.flexvolume\nd\n', before)
    outcome = withdraw.ensure(gone, str(node.dir), None, False, True)
    outcome.settle()
    assert outcome.facts == {'withdrawn': ['acme/d']}
    assert os.listdir(str(node.dir)) == []
    assert not withdraw.ensure(gone, str(node.dir), None, False, True).changed


def kubelet(root_dir):
    return Kubelet(1, 'kubelet', ['kubelet'], {}, str(root_dir), None)


def test_a_driver_of_which_a_pod_has_a_volume_stays_unless_forced(node, tmp_path):
    (tmp_path / 'pods' / 'uid-1' / 'volumes' / 'acme~d' / 'v').mkdir(parents=True)
    (tmp_path / 'pods' / 'uid-2' / 'volumes' / 'acme~other' / 'v').mkdir(parents=True)
    node.deploy(script(1))
    with pytest.raises(NodeError, match='pods have volumes of it: uid-1; delete these pods first'):
        withdraw.ensure([driver(state='absent')], str(node.dir), kubelet(tmp_path), False)
    assert os.path.exists(node.place.executable)
    withdraw.ensure([driver(state='absent')], str(node.dir), kubelet(tmp_path), False, force=True).settle()
    assert os.listdir(str(node.dir)) == []


def test_a_driver_of_which_a_pod_has_a_volume_stays_while_the_kubelet_starts_anew(node, tmp_path, monkeypatch):
    (tmp_path / 'pods' / 'uid-1' / 'volumes' / 'acme~d' / 'v').mkdir(parents=True)
    node.deploy(script(1))
    monkeypatch.setattr(withdraw.directories.config, 'installed', lambda root: ('kubelet', [(f'--root-dir={tmp_path}', 'kubelet.service')]))
    with pytest.raises(NodeError, match='pods have volumes of it: uid-1; delete these pods first'):
        withdraw.ensure([driver(state='absent')], str(node.dir), None, False)
    assert os.path.exists(node.place.executable)


def test_a_pod_that_begins_with_a_volume_while_its_driver_is_withdrawn_keeps_it(node, tmp_path, monkeypatch):
    def meanwhile(*_arguments):
        (tmp_path / 'pods' / 'uid-1' / 'volumes' / 'acme~d' / 'v').mkdir(parents=True)

    node.deploy(script(1), config={'v': 1})
    before = node.files()
    monkeypatch.setattr(withdraw.neighbours, 'forget', meanwhile)
    with pytest.raises(NodeError, match='pods have volumes of it: uid-1; delete these pods first'):
        withdraw.ensure([driver(state='absent')], str(node.dir), kubelet(tmp_path), False)
    assert node.files() == before


def test_a_driver_on_a_read_only_file_system_is_not_withdrawn(node, monkeypatch):
    node.deploy(script(1))
    before = node.files()
    monkeypatch.setattr(withdraw.mounts, 'holding', lambda path, table: Mount(1, '/', '/usr', frozenset(['ro']), 'ext4', '/dev/x'))
    with pytest.raises(NodeError, match='/usr, which is mounted read-only'):
        node.withdraw()
    assert node.files() == before


@pytest.mark.parametrize('mode', [0o755, 0o700])
def test_what_is_withdrawn_comes_back_when_that_is_taken_back_whatever_the_umask(node, mode):
    node.deploy(script(1), config={'v': 1})
    node.deploy(script(2), config={'v': 2})
    (node.dir / 'acme~d' / 'more').write_text('of the administrator')
    (node.dir / 'acme~d').chmod(mode)
    before, umask = node.files(), os.umask(0o077)
    try:
        outcome = node.withdraw()
    finally:
        os.umask(umask)
    assert 'acme~d' not in os.listdir(str(node.dir))
    assert outcome.take_back() == []
    assert node.files() == before


def test_what_was_just_published_is_touched_after_a_withdrawal_whose_probe_may_have_failed(node):
    other = DriverName('acme', 'other')
    node.deploy(script(1))
    node.publish(script(1), names=(other,)).settle()
    kept, published = Place(str(node.dir), NAME), DriverName('acme', 'new')
    node.publish(script(1), names=(published,)).settle()
    executables = [kept.executable, Place(str(node.dir), published).executable]
    for path in executables:
        os.utime(path, (1, 1))
    leaving = [driver(), driver(published), driver(other, state='absent')]
    withdraw.ensure(leaving, str(node.dir), None, True, False, ['acme/new'])
    assert [os.stat(path).st_mtime for path in executables] == [1, 1]
    withdraw.ensure(leaving, str(node.dir), None, False, False, ['acme/new']).settle()
    assert [os.stat(path).st_mtime > 1 for path in executables] == [False, True]
