# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.nodeops.flexvolume.plugins.action import doctor, fleet
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated


class HostVars(dict):
    """The variables of all hosts, as an action plugin gets them."""

    def raw_get(self, host):
        return self[host]


def test_each_host_of_the_play_counts_whether_it_answered_or_not():
    task_vars = {'ansible_play_hosts_all': ['n1', 'n2'], 'hostvars': HostVars(n1={'seen': {'troubles': []}}, n2={}, elsewhere={'seen': {}})}
    assert fleet._registered('seen', task_vars) == {'n1': {'troubles': []}, 'n2': None}


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(AnsibleActionFail, match=r'cannot be written to .*; see to flexvolume_report_dir'):
        fleet._write(str(tmp_path / 'file' / 'dir'), _fleet.assemble(_simulated.results(1), _simulated.MADE))


class Doctor(doctor.ActionModule):
    """The doctor with a node that has a trouble until a driver is deployed again."""

    def __init__(self, arguments, deployed=None, check=False, sick=('nodeops/dynhostpath',)):
        self._task = type('Task', (), {'args': arguments, 'check_mode': check})()
        self.answer, self.sick, self.asked = deployed or {'changed': True}, list(sick), []

    def _look(self, task_vars):
        return {'troubles': [{'trouble': 'init_fails', 'where': name, 'driver': name} for name in self.sick]}

    def _deploy(self, sick, task_vars):
        self.asked = [driver['name'] for driver in sick]
        if not self.answer.get('failed') and not self._task.check_mode:
            self.sick = [name for name in self.sick if name not in self.asked]
        return self.answer


@pytest.fixture(autouse=True)
def _no_base(mocker):
    mocker.patch('ansible.plugins.action.ActionBase.run', return_value={})


LIST = [{'name': 'nodeops/dynhostpath'}, {'name': 'acme/other'}]


@pytest.mark.parametrize('arguments', [{}, {'drivers': LIST}, {'fix': False, 'drivers': LIST}, {'fix': 'no', 'drivers': LIST}])
def test_nothing_is_deployed_unless_that_is_wanted(arguments):
    sick = Doctor(arguments)
    assert len(sick.run()['troubles']) == 1 and sick.asked == []


@pytest.mark.parametrize('arguments, complaint', [
    ({}, 'There is no list of drivers'), ({'drivers': {'name': 'a/b'}}, 'drivers is a mapping'), ({'drivers': ['a/b']}, r'drivers\[0\] is a text'),
])
def test_a_list_that_is_none_is_refused(arguments, complaint):
    with pytest.raises(AnsibleActionFail, match=complaint):
        Doctor(dict(arguments, fix=True)).run()


def test_a_list_in_a_text_will_do():
    assert Doctor({'fix': 'true', 'drivers': '[{"name": "nodeops/dynhostpath"}]'}).run()['changed']


def test_only_the_driver_in_trouble_is_deployed_again():
    result = Doctor({'fix': True, 'drivers': LIST}, sick=['nodeops/dynhostpath', 'somebody/else']).run()
    assert [trouble['driver'] for trouble in result['cured']] == ['nodeops/dynhostpath']
    assert [trouble['driver'] for trouble in result['troubles']] == ['somebody/else'] and result['changed']


def test_a_driver_that_cannot_be_deployed_is_told():
    result = Doctor({'fix': True, 'drivers': LIST}, deployed={'failed': True, 'msg': 'No room.'}).run()
    assert (result['cured'], result['not_cured'], result['changed']) == ([], 'No room.', False)


def test_in_check_mode_nothing_is_cured():
    result = Doctor({'fix': True, 'drivers': LIST}, check=True).run()
    assert result['cured'] == [] and result['changed']


def test_the_first_node_does_not_say_where_the_report_goes(mocker):
    action = fleet.ActionModule(mocker.Mock(async_val=0), *[mocker.Mock() for _argument in range(5)])
    with pytest.raises(AnsibleActionFail, match='The node n1 sets flexvolume_report_dir as facts of its own'):
        action.run(task_vars={'inventory_hostname': 'n1', 'ansible_facts': {'flexvolume_report_dir': '/etc'}})
