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
            said = str(error).rstrip('.\r\n ')
            if said.endswith(':'):
                # What follows would be why ssh could not connect.
                said += ' the connection was lost. If this node was at work, the next run finishes or takes back what it had begun'
            nodes = task_vars['ansible_play_hosts_all']
            if len(nodes) > 1 and len(task_vars['ansible_play_batch']) == 1:
                missed = len(nodes) - nodes.index(task_vars['inventory_hostname']) - 1
                said += (f'. The rollout ends here, as this node was its whole batch; {missed} {"node was" if missed == 1 else "nodes were"} not reached, and '
                         'nothing was changed there')
            return dict(unreachable=True, msg=f'{said}.')

    def _besides(self, executables: dict) -> dict:
        parameters = self._read(dict(_bundle.PARAMETERS, state=drivers.STATE, at_boot=dict(type='bool', default=False)), self.MODULE)
        if not parameters['at_boot'] or parameters['state'] == 'absent':
            return {}
        return {at_boot.NAME: _bundle.build(parameters, executables)}
