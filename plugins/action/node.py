# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.nodeops.flexvolume.plugins.filter.driver_packages import driver_packages
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import DriverSender


class ActionModule(DriverSender):
    """Install the drivers' packages, then send the drivers' executables along with the module C(node).

    A task of its own for the packages would cost each node a worker process, even where it is skipped.
    """

    MODULE = 'nodeops.flexvolume.node'

    def run(self, tmp=None, task_vars=None):
        """Return the module's result, or that of the package manager where it fails."""
        try:
            packages = driver_packages(self._staying_drivers())
        except TypeError:
            packages = []  # what is malformed is left to the module's argument spec
        if not packages:
            return super().run(tmp, task_vars)
        installed = self._install(packages, task_vars)
        if installed.get('failed'):
            return installed
        result = super().run(tmp, task_vars)
        result['changed'] = installed.get('changed', False) or result.get('changed', False)
        result['diff'] = [installed.get('diff', {}), *result.get('diff', [])]
        return result

    def _install(self, packages, task_vars):
        task = self._task.copy()
        task.action = 'ansible.builtin.package'
        task.args = {'name': packages}
        package = self._shared_loader_obj.action_loader.get(
            task.action, task=task, connection=self._connection, play_context=self._play_context, loader=self._loader, templar=self._templar,
            shared_loader_obj=self._shared_loader_obj)
        return package.run(task_vars=task_vars)
