# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the list and its drivers as one file that makes a node agree with them, and that file as what makes nodes takes it."""

from __future__ import annotations

import hashlib
import os
import pathlib

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.at_boot import NAME
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _bundle, _node_makers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

SPEC = dict(
    _bundle.PARAMETERS,
    dest=dict(type='path', required=True),
    at_boot=dict(type='bool', default=False),
    cloud_init=dict(type='bool', default=False),
    daemonset=dict(type='dict', options=dict(
        image=dict(type='str', required=True),
        name=dict(type='str', default='flexvolume-node'),
        namespace=dict(type='str', default='kube-system'),
        remove=dict(type='bool', default=False),
    )),
)


class ActionModule(DriverReader):
    """Read the drivers and write the files, all of it on the controller."""

    def run(self, tmp=None, task_vars=None):
        """Return what was written."""
        super().run(tmp, task_vars)
        unknown = sorted(set(self._task.args) - set(SPEC))
        if unknown:
            raise refusal(f'Unsupported parameters for (nodeops.flexvolume.bundle) module: {", ".join(unknown)}.')
        if not self._task.args.get('dest'):
            raise refusal('There is no directory to write to: name one on the controller as dest, to the playbook as flexvolume_bundle, for example bundle.')
        parameters = self._read(SPEC, 'nodeops.flexvolume.bundle')
        staying = [driver for driver in parameters['drivers'] if driver['state'] != 'absent']
        bundle = _bundle.build(parameters, self._executables(staying, task_vars))
        secret = _bundle.holds_secrets(parameters)
        try:
            files = dict(_files(bundle, secret, parameters))
        except NodeError as error:
            raise refusal(str(error)) from None
        dest = pathlib.Path(parameters['dest'])
        diff = [change for name, content in files.items() for change in _write(dest / name, content, 0o600 if secret else 0o644, self._task.check_mode)]
        return dict(changed=bool(diff), diff=diff, bundle=str(dest / NAME), sha256=hashlib.sha256(bundle).hexdigest(), size=len(bundle), secret=secret,
                    files=[str(dest / name) for name in files])


def _files(bundle: bytes, secret: bool, parameters: dict):
    yield NAME, bundle
    yield f'{NAME}.sha256', f'{hashlib.sha256(bundle).hexdigest()}  {NAME}\n'.encode()
    if parameters['cloud_init']:
        yield 'cloud-init.yaml', _node_makers.cloud_init(bundle, parameters['at_boot']).encode()
    if parameters['daemonset']:
        yield 'daemonset.yaml', _node_makers.daemon_set(
            bundle, secret, parameters['at_boot'], interval=parameters['apply_interval'], **parameters['daemonset']).encode()


def _write(path: pathlib.Path, content: bytes, mode: int, check: bool) -> list:
    """Write one file, whole or not at all, and return what changes as diff mode shows it."""
    try:
        before = _described(path.read_bytes(), path.stat().st_mode & 0o777) if path.exists() else ''
        after = _described(content, mode)
        if before == after:
            return []
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f'.{path.name}.{os.getpid()}')
            try:
                with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
                    file.write(content)
                    os.fchmod(file.fileno(), mode)
                new.rename(path)
            finally:
                new.unlink(missing_ok=True)
    except OSError as error:
        raise refusal(f'{path} cannot be written: {error.strerror}; see to dest.') from None
    return [dict(before_header=str(path), before=before, after_header=str(path), after=after)]


def _described(content: bytes, mode: int) -> str:
    return f'mode: "{mode:04o}"\nsha256: {hashlib.sha256(content).hexdigest()}\n'
