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
from ansible.plugins.action import ActionBase

FILES = pathlib.Path(__file__).parents[2] / 'files'
# Above this a driver is sent only where the node has another one, which costs a second execution then.
SENT_ALONG = 256 * 1024


class DriverSender(ActionBase):
    """Run the module C(MODULE) with the drivers' executables in its arguments, in one execution where they are small."""

    MODULE: str

    def run(self, tmp=None, task_vars=None):
        """Return the module's result; a source that cannot be read fails the task before anything reaches the node."""
        super().run(tmp, task_vars)
        try:
            inventory_dir = (task_vars or {}).get('inventory_dir')
            sources = {driver['name']: self._find(driver, inventory_dir) for driver in self._staying_drivers() if _is_sent(driver)}
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
        return result

    def _run_module(self, arguments, task_vars):
        return self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=task_vars)

    def _staying_drivers(self):
        """Return the drivers that are not all withdrawn; what is malformed is left to the module's argument spec."""
        drivers = self._task.args.get('drivers')
        if self._task.args.get('state') == 'absent' or not isinstance(drivers, list):
            return []
        return [driver for driver in drivers if isinstance(driver, dict) and isinstance(driver.get('name'), str)]

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


def _is_sent(driver: dict) -> bool:
    return isinstance(driver.get('src'), str) and not driver.get('remote_src') and driver.get('state', 'present') == 'present'


def _payload(name: str, path: str) -> dict:
    content = pathlib.Path(path).read_bytes()
    if len(content) > SENT_ALONG:
        return dict(name=name, sha256=hashlib.sha256(content).hexdigest())
    return dict(name=name, content=base64.b64encode(zlib.compress(content)).decode())
