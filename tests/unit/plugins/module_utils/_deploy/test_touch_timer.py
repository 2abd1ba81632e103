# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import host_paths, records, timers, touch_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

NAME = DriverName('example.com', 'my-driver')


def driver(**keys):
    return dict(dict(name=NAME, state='present', touch_interval='1min', host_paths=[]), **keys)


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Keep records in a directory of the test's own, on a node with a systemd of today."""
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))
    monkeypatch.setattr(touch_timer.systemd, 'version', lambda: 252)


@pytest.fixture
def without_systemd(monkeypatch):
    monkeypatch.setattr(timers.systemd, 'usable', lambda: False)


def lines(text):
    return text.splitlines()


def test_the_timer_starts_anew_with_any_of_the_units_that_may_run_the_kubelet():
    timer = lines(touch_timer.texts(NAME, '90s', '/plugins', ['k3s.service', 'k3s-agent.service'], '/program', [])[0])
    assert 'PartOf=k3s.service k3s-agent.service' in timer
    assert 'WantedBy=timers.target k3s.service k3s-agent.service' in timer
    assert 'OnUnitActiveSec=90s' in timer
    assert [line for line in timer if line.startswith('OnActiveSec=')] == [f'OnActiveSec={seconds}s' for seconds in touch_timer.BURST]


def test_the_service_touches_executable_and_directory_and_creates_nothing():
    service = touch_timer.texts(NAME, '90s', '/plugins', ['kubelet.service'], '/program', [])[1]
    command = next(line for line in lines(service) if line.startswith('ExecStart='))
    assert command.split(' ', 1)[1] == '-c "/plugins/example.com~my-driver/my-driver" "/plugins/example.com~my-driver"'


def test_a_plugin_dir_that_means_something_to_systemd_is_quoted():
    service = touch_timer.texts(NAME, '90s', '/a b/50%/"x"/$HOME/\\n', ['kubelet.service'], '/program', [])[1]
    assert '"/a b/50%%/\\"x\\"/$$HOME/\\\\n/example.com~my-driver/my-driver"' in service


def test_without_systemd_a_timer_is_refused_with_the_switch_that_leaves_it_out(without_systemd):
    with pytest.raises(NodeError, match=r'needs systemd, which neither runs on this node .* flexvolume_touch_timer=false'):
        touch_timer.ensure([driver()], '/plugins', None, None, True)


@pytest.mark.parametrize('drivers', [[], [driver(state='absent')]])
def test_without_systemd_there_is_no_timer_to_remove(without_systemd, drivers):
    assert not touch_timer.ensure(drivers, '/plugins', None, None, False).changed


def test_why_a_driver_was_not_touched_goes_with_it_and_leaves_nothing(without_systemd):
    records.write(records.path(NAME), records.text({'plugin_dir': '/plugins'}))
    records.write(records.said(NAME), 'it is broken')
    touch_timer.ensure([driver(state='absent')], '/plugins', None, None, False).settle()
    assert not os.path.exists(records.DIRECTORY)


def test_why_a_driver_was_not_touched_goes_though_the_run_that_removed_its_record_was_killed(without_systemd):
    records.write(records.said(NAME), 'there is no record')
    assert touch_timer.ensure([driver(state='absent')], '/plugins', None, None, True).changed
    touch_timer.ensure([driver(state='absent')], '/plugins', None, None, False).settle()
    assert not os.path.exists(records.DIRECTORY)


@pytest.mark.parametrize('unit', ['kubelet', '', 'a.service b.service', 'a.service\nx', 'a/b.service', 'kubelet.timer'])
def test_a_kubelet_unit_that_is_no_service_is_refused(unit):
    with pytest.raises(NodeError, match=r'is no systemd service: write its full name, for example kubelet\.service'):
        touch_timer.ensure([driver()], '/plugins', None, unit, True)


def test_a_driver_is_asked_outside_of_the_sandbox_as_the_kubelet_asks_it_and_before_it_is_touched():
    service = lines(touch_timer.texts(NAME, '90s', '/plugins', ['kubelet.service'], '/usr/bin/python3 /program', [])[1])
    assert 'ExecCondition=+/usr/bin/python3 /program example.com/my-driver' in service
    assert not [line for line in service if line.startswith('RequiresMountsFor=')]


@pytest.mark.parametrize('version, commands', [
    (242, ['ExecStart=+/program example.com/my-driver TOUCH']), (243, ['ExecCondition=+/program example.com/my-driver', 'ExecStart=TOUCH'])])
def test_a_systemd_without_conditions_touches_no_driver_unasked_either(monkeypatch, version, commands):
    monkeypatch.setattr(touch_timer.systemd, 'version', lambda: version)
    monkeypatch.setattr(touch_timer.shutil, 'which', lambda name: 'TOUCH')
    commands[-1] += ' -c "/plugins/example.com~my-driver/my-driver" "/plugins/example.com~my-driver"'
    service = lines(touch_timer.texts(NAME, '90s', '/plugins', ['kubelet.service'], '/program', [])[1])
    assert [line for line in service if line.startswith('Exec')] == commands


def test_the_service_waits_for_the_mounts_of_the_host_paths():
    service = lines(touch_timer.texts(NAME, '90s', '/plugins', ['kubelet.service'], '/program', [{'path': '/data/my logs'}, {'path': '/50%'}])[1])
    assert 'RequiresMountsFor="/data/my logs" "/50%%"' in service


@pytest.fixture
def asked(monkeypatch):
    """Record which timers would be wanted."""
    texts = {}

    def ensure(kind, wanted, unwanted, without, check):
        texts.update(wanted=wanted, unwanted=unwanted)
        return touch_timer.Outcome()

    monkeypatch.setattr(touch_timer.timers, 'ensure', ensure)
    monkeypatch.setattr(touch_timer.systemd, 'installed', lambda units: ['k3s.service'])
    return texts


@pytest.mark.parametrize('running, given, unit', [
    ('node-agent.service', None, 'node-agent.service'), ('node-agent.service', 'mine.service', 'mine.service'), (None, None, 'k3s.service')])
def test_the_timer_follows_the_unit_that_runs_the_kubelet(asked, monkeypatch, running, given, unit):
    monkeypatch.setattr(process, 'unit', lambda kubelet: running)
    touch_timer.ensure([driver()], '/plugins', 'a kubelet', given, True)
    assert f'PartOf={unit}' in asked['wanted'][NAME][0].splitlines()


def test_a_plugin_dir_that_is_read_only_gets_no_timer_but_a_warning(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(touch_timer.roots, 'mount_flags', lambda path: os.ST_RDONLY)
    outcome = touch_timer.ensure([driver()], str(tmp_path), None, None, True)
    assert (asked['wanted'], asked['unwanted']) == ({}, [NAME])
    assert 'mounted read-only' in outcome.warnings[0]


def test_a_record_remembers_on_which_mount_a_host_path_lies(asked, tmp_path):
    entry = dict(path=str(tmp_path), owner=None, group=None, mode=None, selinux_type=None, own_mount=False, exec=False, min_free='1G', min_free_inodes=1)
    touch_timer.ensure([driver(host_paths=[entry])], '/plugins', None, None, False)
    [remembered] = records.read(NAME)['host_paths']
    assert os.path.ismount(remembered['mount']) and str(tmp_path).startswith(remembered['mount'])
    assert host_paths.astray([remembered], []) == ([] if remembered['mount'] == '/' else [remembered])
    touch_timer.ensure([driver(state='absent')], '/plugins', None, None, False).settle()
    assert not os.path.exists(records.DIRECTORY)
