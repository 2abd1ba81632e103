# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import prune_timer, timers, touch_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome

NAME = DriverName('example.com', 'my-driver')


def driver(**keys):
    return dict(dict(name=NAME, state='present', prune_interval='1h', host_paths=[]), **keys)


@pytest.fixture
def systemd(monkeypatch):
    """Record what systemd would be asked for."""
    asked = {}

    def ensure(units, wanted, unwanted, check):
        asked.update(units=units, timers=wanted, unwanted=unwanted)
        return Outcome(timers={timer: {'last': None, 'next': 'soon'} for timer in wanted})

    monkeypatch.setattr(timers.systemd, 'running', lambda: True)
    monkeypatch.setattr(timers.systemd, 'usable', lambda: True)
    monkeypatch.setattr(timers.systemd, 'ensure', ensure)
    return asked


def test_a_timer_and_its_service_bear_one_name(systemd):
    outcome = timers.ensure('touch', {NAME: ('timer text', 'service text')}, [], 'do without', False)
    assert systemd['units'] == {r'flexvolume-touch-example.com-my\x2ddriver.timer': 'timer text',
                                r'flexvolume-touch-example.com-my\x2ddriver.service': 'service text'}
    assert outcome.facts == {'touch_timers': [
        {'name': 'example.com/my-driver', 'unit': r'flexvolume-touch-example.com-my\x2ddriver.timer', 'last': None, 'next': 'soon'}]}


def test_a_driver_with_a_prune_interval_is_pruned(systemd):
    prune_timer.ensure([driver()], '/plugins', False)
    timer, service = systemd['units'].values()
    assert 'OnUnitActiveSec=1h' in timer.splitlines()
    assert 'ExecStart="/plugins/example.com~my-driver/my-driver" prune' in service.splitlines()
    assert 'RequiresMountsFor' not in service


def test_prune_waits_for_the_mounts_of_the_host_paths(systemd):
    prune_timer.ensure([driver(host_paths=[{'path': '/data/my logs'}, {'path': '/50%'}])], '/plugins', False)
    _timer, service = systemd['units'].values()
    assert 'RequiresMountsFor="/data/my logs" "/50%%"' in service.splitlines()


def test_prune_stays_in_the_nodes_own_mount_namespace():
    """What it unmounts in one of its own stays mounted on the node."""
    settings = {line.partition('=')[0] for line in prune_timer.SERVICE.splitlines()}
    assert not settings & {'BindPaths', 'InaccessiblePaths', 'MountFlags', 'PrivateDevices', 'PrivateMounts', 'PrivateTmp', 'PrivateUsers', 'ProcSubset',
                           'ProtectControlGroups', 'ProtectHome', 'ProtectKernelLogs', 'ProtectKernelModules', 'ProtectKernelTunables', 'ProtectProc',
                           'ProtectSystem', 'ReadOnlyPaths', 'ReadWritePaths', 'RootDirectory', 'RootImage', 'TemporaryFileSystem'}


@pytest.mark.parametrize('keys', [{'prune_interval': None}, {'state': 'absent'}])
def test_a_driver_without_one_or_withdrawn_loses_its_timer(systemd, keys):
    prune_timer.ensure([driver(**keys)], '/plugins', False)
    assert systemd['timers'] == []
    assert len(systemd['unwanted']) == 2


def test_the_drivers_that_have_timers_of_this_collection_are_read_from_their_units(monkeypatch, tmp_path):
    timer, _service = touch_timer.texts(NAME, '15s', '/plugins', ['kubelet.service'], '/program', [])
    (tmp_path / timers.timer_of('touch', NAME)).write_text(timer)
    (tmp_path / timers.timer_of('prune', NAME)).write_text(prune_timer.TIMER.format(name=NAME, interval='1h'))
    (tmp_path / 'flexvolume-touch-their-s.timer').write_text('[Unit]\nDescription=Touch the FlexVolume driver their/s, by somebody else\n')
    (tmp_path / 'other.timer').write_text(timer)
    monkeypatch.setattr(timers.systemd, 'UNIT_DIR', str(tmp_path))
    assert timers.named() == [NAME]


def test_where_systemd_does_not_run_yet_a_warning_says_when_the_timers_will(systemd, monkeypatch):
    monkeypatch.setattr(timers.systemd, 'running', lambda: False)
    outcome = timers.ensure('touch', {NAME: ('timer text', 'service text')}, [], 'do without', False)
    assert outcome.warnings == ['systemd does not run here, as in an image that is being built: the touch timer is enabled for the first boot.']
    assert timers.ensure('touch', {}, [NAME], 'do without', False).warnings == []
