# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task

from ansible_collections.nodeops.flexvolume.plugins.action import node
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _driver_sender

NODE = {'changed': False, 'diff': [{'after': 'a driver'}]}


@pytest.fixture
def run(mocker):
    """Run the action with some arguments and a made-up answer of the package manager; return the result, what was installed and how often the module ran."""
    def act(arguments: dict, answer: dict = None):
        task = Task()
        task.args, task.check_mode, task.async_val = arguments, False, 0
        action_loader = mocker.patch.object(_driver_sender, 'action_loader')
        action_loader.get.return_value.run.return_value = answer or {'changed': False}
        action = node.ActionModule(task, mocker.Mock(), mocker.Mock(check_mode=False), DataLoader(), mocker.Mock(template=dict), mocker.Mock())
        mocker.patch.object(action, '_remove_tmp_path')
        execute = mocker.patch.object(action, '_execute_module', return_value=dict(NODE))
        result = action.run(task_vars={})
        if action_loader.get.call_args:
            act.installed = action_loader.get.call_args.kwargs['task'].args
        assert action_loader.get.return_value.cleanup.call_count == action_loader.get.call_count
        return result, [call.kwargs['task'].args['name'] for call in action_loader.get.call_args_list], execute.call_count

    return act


def test_the_packages_of_all_drivers_are_installed_at_once(run):
    drivers = [{'name': 'a/b', 'packages': ['jq']}, {'name': 'a/c', 'packages': ['curl']}]
    assert run({'drivers': drivers}, {'changed': True, 'diff': {'prepared': 'jq'}}) == (
        {'changed': True, 'diff': [{'prepared': 'jq'}, {'after': 'a driver'}]}, [['curl', 'jq']], 1)


def test_the_defaults_of_the_package_action_are_honoured(run, mocker):
    mocker.patch.object(Task, 'module_defaults', [{'ansible.builtin.package': {'use': 'apt', 'name': 'other'}}, {'ansible.builtin.package': {'use': 'dnf'}}],
                        create=True)
    run({'drivers': [{'name': 'a/b', 'packages': ['jq']}]})
    assert run.installed == {'use': 'dnf', 'name': ['jq']}


def test_packages_that_are_there_make_no_difference(run):
    drivers = [{'name': 'a/b', 'packages': ['jq']}]
    assert run({'drivers': drivers}, {'changed': False, 'diff': {}}) == (NODE, [['jq']], 1)


def test_the_module_is_not_run_without_its_packages(run):
    failure = {'failed': True, 'msg': 'No package matching jqq'}
    assert run({'drivers': [{'name': 'a/b', 'packages': ['jqq']}]}, failure) == (failure, [['jqq']], 0)


@pytest.mark.parametrize('arguments', [
    {'drivers': [{'name': 'a/b'}]},
    {'drivers': [{'name': 'a/b', 'packages': ['jq'], 'state': 'absent'}]},
    {'drivers': [{'name': 'a/b', 'packages': ['jq']}], 'state': 'absent'},
])
def test_nothing_is_installed_that_nobody_asks_for(run, arguments):
    assert run(arguments) == (NODE, [], 1)


@pytest.mark.parametrize('driver', [{'name': 'a/b', 'packages': ['jq'], 'sorce': 'x'}, {'name': 'a/b', 'packages': ['jq'], 'src': 'missing'}])
def test_nothing_is_installed_for_a_list_that_is_refused(run, mocker, driver):
    mocker.patch.object(Task, 'get_search_path', lambda self: ['/nowhere'])
    with pytest.raises(AnsibleActionFail):
        run({'drivers': [driver]})


ENDS = 'No route. The rollout ends here, as this node was its whole batch; {} not reached, and nothing was changed there.'
LOST = 'Reached over ssh: the connection was lost. If this node was at work, the next run finishes or takes back what it had begun.'


@pytest.mark.parametrize('batch, nodes, said, told', [
    (['n1'], ['n1', 'n2', 'n3'], 'No route\r\n.', ENDS.format('2 nodes were')), (['n1'], ['n1', 'n2'], 'No route', ENDS.format('1 node was')),
    (['n1', 'n2'], ['n1', 'n2', 'n3'], 'No route\r\n', 'No route.'), (['n1'], ['n1'], 'Reached over ssh: \r\n', LOST),
])
def test_a_node_that_is_lost_says_so_and_that_the_rollout_ends_with_it(mocker, batch, nodes, said, told):
    action = node.ActionModule(*[mocker.Mock() for _argument in range(6)])
    mocker.patch.object(node.DriverSender, 'run', side_effect=AnsibleConnectionFailure(said))
    variables = {'ansible_play_batch': batch, 'ansible_play_hosts_all': nodes, 'inventory_hostname': 'n1'}
    assert action.run(task_vars=variables) == {'unreachable': True, 'msg': told}
