# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import timers, touch_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

NAME = DriverName('example.com', 'my-driver')


def driver(**keys):
    return dict(dict(name=NAME, state='present', touch_interval='1min'), **keys)


@pytest.fixture
def without_systemd(monkeypatch):
    monkeypatch.setattr(timers.systemd, 'running', lambda: False)


def lines(text):
    return text.splitlines()


def test_the_timer_starts_anew_with_any_of_the_units_that_may_run_the_kubelet():
    timer = lines(touch_timer.texts(NAME, '90s', '/plugins', ['k3s.service', 'k3s-agent.service'])[0])
    assert 'PartOf=k3s.service k3s-agent.service' in timer
    assert 'WantedBy=timers.target k3s.service k3s-agent.service' in timer
    assert 'OnUnitActiveSec=90s' in timer
    assert [line for line in timer if line.startswith('OnActiveSec=')] == [f'OnActiveSec={seconds}s' for seconds in touch_timer.BURST]


def test_the_service_touches_executable_and_directory_and_creates_nothing():
    service = touch_timer.texts(NAME, '90s', '/plugins', ['kubelet.service'])[1]
    command = next(line for line in lines(service) if line.startswith('ExecStart='))
    assert command.split(' ', 1)[1] == '-c "/plugins/example.com~my-driver/my-driver" "/plugins/example.com~my-driver"'


def test_a_plugin_dir_that_means_something_to_systemd_is_quoted():
    service = touch_timer.texts(NAME, '90s', '/a b/50%/"x"/$HOME/\\n', ['kubelet.service'])[1]
    assert '"/a b/50%%/\\"x\\"/$$HOME/\\\\n/example.com~my-driver/my-driver"' in service


@pytest.mark.parametrize('interval', ['', 'often', '0', '500ms', '20s\nExecStart=/bin/sh'])
def test_an_interval_that_is_no_time_span_of_a_second_or_more_is_refused(interval):
    with pytest.raises(NodeError, match=r'of the driver example\.com/my-driver is no time span of a second or more'):
        touch_timer.ensure([driver(touch_interval=interval)], '/plugins', None, True)


def test_without_systemd_a_timer_is_refused_with_the_switch_that_leaves_it_out(without_systemd):
    with pytest.raises(NodeError, match=r'needs systemd, which does not run on this node .* flexvolume_touch_timer=false'):
        touch_timer.ensure([driver()], '/plugins', None, True)


@pytest.mark.parametrize('drivers', [[], [driver(state='absent')]])
def test_without_systemd_there_is_no_timer_to_remove(without_systemd, drivers):
    assert not touch_timer.ensure(drivers, '/plugins', None, False).changed


@pytest.mark.parametrize('unit', ['kubelet', '', 'a.service b.service', 'a.service\nx', 'a/b.service', 'kubelet.timer'])
def test_a_kubelet_unit_that_is_no_service_is_refused(unit):
    with pytest.raises(NodeError, match=r'is no systemd service: write its full name, for example kubelet\.service'):
        touch_timer.ensure([driver()], '/plugins', unit, True)
