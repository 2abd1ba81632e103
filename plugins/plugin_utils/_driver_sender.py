# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending drivers to a node together with the module that publishes them."""

from __future__ import annotations

import base64
import hashlib
import zlib

from ansible.plugins.loader import action_loader

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers, _shape
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

# Above this a driver is sent only where the node has another one, which costs a second execution then.
SENT_ALONG = 256 * 1024


class DriverSender(DriverReader):
    """Run the module C(MODULE) with the drivers' executables in its arguments, in one execution where they are small."""

    MODULE: str

    def run(self, tmp=None, task_vars=None):
        """Return the module's result; what is malformed, or a source that cannot be read, fails the task before anything reaches the node."""
        super().run(tmp, task_vars)
        declared = self._read(dict(drivers=drivers.DRIVERS, state=drivers.STATE, rollback=drivers.ROLLBACK), self.MODULE)['drivers']
        staying = [driver for driver in declared if driver['state'] != 'absent']
        contents = self._executables(staying, task_vars)
        contents.update(self._besides(contents))
        installed = self._install_packages(staying, task_vars)
        if installed.get('failed'):
            return installed
        try:
            payloads = {name: _payload(name, content) for name, content in contents.items()}
            result = self._run_module(payloads, task_vars)
            # Somebody else may be at work on the node, so that it awaits more than it did at first.
            while result.get('awaited') and not result.get('failed') and not self._task.check_mode:
                unsent = [name for name, payload in payloads.items() if 'path' not in payload]
                if not (_shape.fits(result['awaited'], [str]) and set(result['awaited']) <= set(unsent)):
                    raise refusal('The node awaits what is not in the list, or what was sent to it already, so it gets no more: see who else is at work on it.')
                payloads.update((name, dict(name=name, path=self._transfer(name, contents[name]))) for name in result['awaited'])
                result = self._run_module(payloads, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        result.pop('awaited', None)
        if installed:
            result['changed'] = installed.get('changed', False) or result.get('changed', False)
            result['diff'] = [diff for diff in [installed.get('diff'), *result.get('diff', [])] if diff]
        return result

    def _besides(self, executables: dict) -> dict:
        """Return what is sent besides the executables, each by a name of its own."""
        return {}

    def _install_packages(self, staying: list, task_vars) -> dict:
        """Have the node's package manager install what the drivers need, and return its result.

        A task of its own would cost each node a worker process, even where it is skipped.
        """
        packages = sorted({package for driver in staying for package in driver['packages']})
        if not packages:
            return {}
        task = self._task.copy()
        task.action = 'ansible.builtin.package'
        task.args = dict(self._defaults_of_package(), name=packages)
        action = action_loader.get(
            task.action, task=task, connection=self._connection, play_context=self._play_context, loader=self._loader, templar=self._templar,
            shared_loader_obj=self._shared_loader_obj)
        try:
            result = action.run(task_vars=task_vars)
            _answers.received(result)
            return result
        finally:
            # Its temporary directory on the node is this action's too, until it goes; whoever made it alone removes it.
            action.cleanup()

    def _defaults_of_package(self) -> dict:
        """Return what C(module_defaults) say of ansible.builtin.package, as C(use); those of the package managers themselves that action sees to."""
        defaults: dict = {}
        for given in self._task.module_defaults or []:
            defaults.update(given.get('ansible.builtin.package') or given.get('ansible.legacy.package') or {})
        return self._templar.template(defaults)

    def _run_module(self, payloads: dict, task_vars):
        arguments = dict(self._task.args, payloads=list(payloads.values()))
        result = self._execute_module(module_name=self.MODULE, module_args=arguments, task_vars=task_vars)
        _answers.received(result)
        return result

    def _transfer(self, name: str, content: bytes) -> str:
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        remote = shell.join_path(shell.tmpdir, f'driver-{hashlib.sha256(name.encode()).hexdigest()[:12]}')
        self._transfer_data(remote, content)
        self._fixup_perms2((shell.tmpdir, remote))
        return remote


def _payload(name: str, content: bytes) -> dict:
    if len(content) > SENT_ALONG:
        return dict(name=name, sha256=hashlib.sha256(content).hexdigest())
    return dict(name=name, content=base64.b64encode(zlib.compress(content)).decode())
