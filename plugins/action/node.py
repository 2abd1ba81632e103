# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.loader import action_loader

from ansible_collections.nodeops.flexvolume.plugins.filter.driver_packages import driver_packages
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import DriverSender


class ActionModule(DriverSender):
    """Install the drivers' packages, then send the drivers' executables along with the module C(node).

    A task of its own for the packages would cost each node a worker process, even where it is skipped.
    """

    MODULE = 'nodeops.flexvolume.node'

    def _prepare(self, drivers: list, task_vars) -> dict:
        packages = driver_packages(drivers)
        if not packages:
            return {}
        task = self._task.copy()
        task.action = 'ansible.builtin.package'
        task.args = {'name': packages}
        package = action_loader.get(
            task.action, task=task, connection=self._connection, play_context=self._play_context, loader=self._loader, templar=self._templar,
            shared_loader_obj=self._shared_loader_obj)
        return package.run(task_vars=task_vars)
