# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the list of drivers, and their executables, on the controller."""

from __future__ import annotations

import pathlib

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

FILES = pathlib.Path(__file__).parents[2] / 'files'


class DriverReader(ActionBase):
    """What every action does that takes the list."""

    def _read(self, spec: dict, module: str) -> dict:
        """Return the task's arguments by that part of the module's argument spec, C(drivers) as C(drivers.read) returns them."""
        given = {name: self._task.args[name] for name in spec if name in self._task.args}
        validation = ArgumentSpecValidator(spec).validate(given)
        if validation.error_messages:
            raise AnsibleActionFail('; '.join(_sentence(error, module) for error in validation.errors.errors))
        try:
            return dict(validation.validated_parameters, drivers=drivers.read(validation.validated_parameters))
        except NodeError as error:
            raise AnsibleActionFail(str(error)) from error

    def _executables(self, declared: list, task_vars) -> dict:
        """Return the content of the executable of each driver that comes from the controller, by the driver's name."""
        inventory_dir = (task_vars or {}).get('inventory_dir')
        return {str(driver['name']): pathlib.Path(self._find(driver, inventory_dir)).read_bytes() for driver in declared if _is_sent(driver)}

    def _find(self, driver: dict, inventory_dir) -> str:
        """Return the path of a driver's source; beside the inventory lie the drivers of those who run the collection's own playbooks."""
        src = driver['src']
        try:
            return self._loader.get_real_file(self._find_needle('files', src))
        except AnsibleError:
            beside = [pathlib.Path(inventory_dir, 'files', src), pathlib.Path(inventory_dir, src)] if inventory_dir else []
            for path in [*beside, FILES / src]:
                if path.is_file():
                    return self._loader.get_real_file(str(path))
        raise AnsibleActionFail(
            f'The src {src} of the driver {driver["name"]} is not among the files of the role or the playbook, nor beside the inventory, nor in the '
            'collection: correct the path, or set remote_src if it lies on the node.')


def _sentence(error, module: str) -> str:
    """Say what is wrong with the arguments as AnsibleModule would."""
    unsupported = f'Unsupported parameters for ({module}) module: ' if isinstance(error, UnsupportedError) else ''
    return f'{unsupported}{error}'


def _is_sent(driver: dict) -> bool:
    return bool(driver['src']) and not driver['remote_src'] and driver['state'] == 'present'
