# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending drivers to a node together with the module that publishes them."""

from __future__ import annotations

import base64
import hashlib
import pathlib
import zlib

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

FILES = pathlib.Path(__file__).parents[2] / 'files'
# Above this a driver is sent only where the node has another one, which costs a second execution then.
SENT_ALONG = 256 * 1024


class DriverSender(ActionBase):
    """Run the module C(MODULE) with the drivers' executables in its arguments, in one execution where they are small."""

    MODULE: str

    def run(self, tmp=None, task_vars=None):
        """Return the module's result; what is malformed, or a source that cannot be read, fails the task before anything reaches the node."""
        super().run(tmp, task_vars)
        staying = self._staying_drivers()
        inventory_dir = (task_vars or {}).get('inventory_dir')
        sources = {str(driver['name']): self._find(driver, inventory_dir) for driver in staying if _is_sent(driver)}
        installed = self._install_packages(staying, task_vars)
        if installed.get('failed'):
            return installed
        try:
            arguments = dict(self._task.args, payloads=[_payload(name, path) for name, path in sources.items()])
            result = self._run_module(arguments, task_vars)
            if result.get('awaited') and not result.get('failed') and not self._task.check_mode:
                arguments['payloads'] = [
                    dict(name=name, path=self._transfer(path)) if name in result['awaited'] else _payload(name, path)
                    for name, path in sources.items()]
                result = self._run_module(arguments, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        result.pop('awaited', None)
        if installed:
            result['changed'] = installed.get('changed', False) or result.get('changed', False)
            result['diff'] = [diff for diff in [installed.get('diff'), *result.get('diff', [])] if diff]
        return result

    def _install_packages(self, staying: list, task_vars) -> dict:
        """Have the node's package manager install what the drivers need, and return its result.

        A task of its own would cost each node a worker process, even where it is skipped.
        """
        packages = sorted({package for driver in staying for package in driver['packages']})
        if not packages:
            return {}
        task = self._task.copy()
        task.action = 'ansible.builtin.package'
        task.args = {'name': packages}
        action = action_loader.get(
            task.action, task=task, connection=self._connection, play_context=self._play_context, loader=self._loader, templar=self._templar,
            shared_loader_obj=self._shared_loader_obj)
        return action.run(task_vars=task_vars)

    def _run_module(self, arguments, task_vars):
        return self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=task_vars)

    def _staying_drivers(self) -> list:
        """Return the drivers that are not withdrawn, by the modules' own argument spec."""
        given = {name: self._task.args[name] for name in ('drivers', 'state') if name in self._task.args}
        validation = ArgumentSpecValidator(dict(drivers=drivers.DRIVERS, state=drivers.STATE)).validate(given)
        if validation.error_messages:
            raise AnsibleActionFail('; '.join(_sentence(error, self.MODULE) for error in validation.errors.errors))
        try:
            declared = drivers.read(validation.validated_parameters)
        except NodeError as error:
            raise AnsibleActionFail(str(error)) from error
        return [driver for driver in declared if driver['state'] != 'absent']

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

    def _transfer(self, path: str) -> str:
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        remote = shell.join_path(shell.tmpdir, f'driver-{hashlib.sha256(path.encode()).hexdigest()[:12]}')
        self._transfer_file(path, remote)
        self._fixup_perms2((shell.tmpdir, remote))
        return remote


def _sentence(error, module: str) -> str:
    """Say what is wrong with the arguments as AnsibleModule would."""
    unsupported = f'Unsupported parameters for ({module}) module: ' if isinstance(error, UnsupportedError) else ''
    return f'{unsupported}{error}'


def _is_sent(driver: dict) -> bool:
    return bool(driver['src']) and not driver['remote_src'] and driver['state'] == 'present'


def _payload(name: str, path: str) -> dict:
    content = pathlib.Path(path).read_bytes()
    if len(content) > SENT_ALONG:
        return dict(name=name, sha256=hashlib.sha256(content).hexdigest())
    return dict(name=name, content=base64.b64encode(zlib.compress(content)).decode())
