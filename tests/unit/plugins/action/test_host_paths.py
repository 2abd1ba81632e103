# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.nodeops.flexvolume.plugins.action import host_paths, metrics_timer, node_info, prune_timer, touch_timer


@pytest.fixture(params=[host_paths, metrics_timer, node_info, prune_timer, touch_timer])
def action(request, mocker):
    """What runs a module that needs nothing of the controller, on a node that answers with a fact."""
    made = request.param.ActionModule(mocker.Mock(async_val=0, args={}), *[mocker.Mock() for _argument in range(5)])
    mocker.patch('ansible.plugins.action.ActionBase.run', return_value={})
    mocker.patch.object(made, '_execute_module', return_value={'changed': True, 'ansible_facts': {'flexvolume_drivers': []}})
    return made


def test_the_answer_of_the_module_is_no_fact(action):
    assert action.run(task_vars={}) == {'changed': True}


def test_a_task_that_the_node_itself_may_have_written_is_refused(action):
    with pytest.raises(AnsibleActionFail, match='The node n1 sets flexvolume_drivers as facts of its own'):
        action.run(task_vars={'inventory_hostname': 'n1', 'ansible_facts': {'flexvolume_drivers': []}})
    assert not action._execute_module.called
