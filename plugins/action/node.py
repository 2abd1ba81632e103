# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import at_boot, drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _bundle
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import DriverSender


class ActionModule(DriverSender):
    """Send the drivers' executables along with the module C(node), and the bundle that the node is to keep."""

    MODULE = 'nodeops.flexvolume.node'

    def run(self, tmp=None, task_vars=None):
        """Return the module's result; where a node is lost that is a batch of its own, say that the rollout ends, as Ansible then ends the whole run."""
        try:
            return super().run(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            nodes = task_vars['ansible_play_hosts_all']
            if len(nodes) == 1 or len(task_vars['ansible_play_batch']) > 1:
                raise
            missed = len(nodes) - nodes.index(task_vars['inventory_hostname']) - 1
            said = str(error).rstrip('.\r\n ')
            return dict(unreachable=True, msg=f'{said}. The rollout ends here, as this node was its whole batch; {missed} nodes were not reached, and nothing '
                                              'was changed there.')

    def _besides(self, executables: dict) -> dict:
        parameters = self._read(dict(_bundle.PARAMETERS, state=drivers.STATE, at_boot=dict(type='bool', default=False)), self.MODULE)
        if not parameters['at_boot'] or parameters['state'] == 'absent':
            return {}
        return {at_boot.NAME: _bundle.build(parameters, executables)}
