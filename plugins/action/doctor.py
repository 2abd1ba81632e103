# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at one node, and on request have it agree again with those entries of the list of drivers that are in trouble there."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import action_loader

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers, _fleet
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader

DEPLOYED = ('plugin_dir', 'kubelet_unit', 'touch_timer', 'validate', 'heal_neighbours')


class ActionModule(DriverReader):
    """Run the module node_info; where it finds what a deploy puts right, and that is wanted, the module node, and node_info again."""

    def run(self, tmp=None, task_vars=None):
        """Return what node_info does of the node as it is in the end, C(cured) and C(not_cured)."""
        super().run(tmp, task_vars)
        fix = boolean(self._task.args.get('fix', False))
        if fix:
            self._read(dict(drivers=drivers.DRIVERS), 'nodeops.flexvolume.doctor')
        looked = self._look(task_vars)
        sick = _fleet.curable(looked.get('troubles', []), self._task.args['drivers']) if fix else []
        if not sick:
            return looked
        done = self._deploy(sick, task_vars)
        again = looked if self._task.check_mode else self._look(task_vars)
        left = [_identity(trouble) for trouble in again.get('troubles', [])]
        again.update(
            changed=done.get('changed', False), diff=done.get('diff', []), not_cured=done['msg'] if done.get('failed') else '',
            cured=[trouble for trouble in looked['troubles'] if _identity(trouble) not in left])
        return again

    def _look(self, task_vars) -> dict:
        arguments = {name: self._task.args[name] for name in ('plugin_dir',) if name in self._task.args}
        result = self._execute_module(module_name='nodeops.flexvolume.node_info', module_args=arguments, task_vars=task_vars)
        _answers.received(result)
        return result if _fleet.is_sound(result) else dict(failed=True, msg=_fleet.MISSHAPEN)

    def _deploy(self, sick: list, task_vars) -> dict:
        task = self._task.copy()
        task.action = 'nodeops.flexvolume.node'
        task.args = dict({name: self._task.args[name] for name in DEPLOYED if name in self._task.args}, drivers=sick, partial=True)
        action = action_loader.get(
            task.action, task=task, connection=self._connection, play_context=self._play_context, loader=self._loader, templar=self._templar,
            shared_loader_obj=self._shared_loader_obj)
        try:
            return action.run(task_vars=task_vars)
        except AnsibleActionFail as error:
            return dict(failed=True, msg=str(error))


def _identity(trouble: dict) -> tuple:
    return trouble['trouble'], trouble['where']
