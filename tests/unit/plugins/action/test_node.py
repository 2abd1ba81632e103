# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.nodeops.flexvolume.plugins.action.node import ActionModule
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import DriverSender

NODE = {'changed': False, 'diff': [{'after': 'a driver'}]}


@pytest.fixture
def install(mocker):
    """Run the action with some arguments and a made-up answer of the package manager; return the result and what was to be installed."""
    module = mocker.patch.object(DriverSender, 'run', side_effect=lambda *_arguments: dict(NODE))

    def run(arguments: dict, answer: dict = None):
        action = ActionModule.__new__(ActionModule)
        action._task = SimpleNamespace(args=arguments)
        installed = mocker.patch.object(ActionModule, '_install', return_value=answer or {})
        result = action.run(task_vars={})
        return result, [call.args[0] for call in installed.call_args_list], module.call_count

    return run


def test_the_packages_of_all_drivers_are_installed_at_once(install):
    drivers = [{'name': 'a/b', 'packages': ['jq']}, {'name': 'a/c', 'packages': ['curl']}]
    assert install({'drivers': drivers}, {'changed': True, 'diff': {'prepared': 'jq'}}) == (
        {'changed': True, 'diff': [{'prepared': 'jq'}, {'after': 'a driver'}]}, [['curl', 'jq']], 1)


def test_the_module_is_not_run_without_its_packages(install):
    failure = {'failed': True, 'msg': 'No package matching jqq'}
    assert install({'drivers': [{'name': 'a/b', 'packages': ['jqq']}]}, failure) == (failure, [['jqq']], 0)


@pytest.mark.parametrize('arguments', [
    {},
    {'drivers': 'a/b'},
    {'drivers': [{'name': 'a/b'}]},
    {'drivers': [{'name': 'a/b', 'packages': 5}]},
    {'drivers': [{'name': 'a/b', 'packages': ['jq'], 'state': 'absent'}]},
    {'drivers': [{'name': 'a/b', 'packages': ['jq']}], 'state': 'absent'},
])
def test_nothing_is_installed_that_nobody_asks_for(install, arguments):
    assert install(arguments) == (NODE, [], 1)
