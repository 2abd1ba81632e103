# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a module that needs nothing of the controller, other than that it does not believe the node."""

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import refuse_set_by_node


class ModuleRunner(ActionModule):
    """Run the module of the task's name, as Ansible does."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result."""
        refuse_set_by_node(task_vars or {})
        result = super().run(tmp, task_vars)
        _answers.received(result)
        return result
