# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the list of drivers, and their executables, on the controller."""

from __future__ import annotations

import json
import os
import pathlib

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _variables
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

# A link to files/ in a checkout, files of their own in the tarball: of an installed collection, files/ may have been left out.
FILES = pathlib.Path(__file__).parents[2] / 'roles' / 'driver' / 'files'
NO_LIST = ('There is no list of drivers: give it as drivers, to the playbooks and roles as the variable flexvolume_drivers, for example in group_vars/all.yml '
           '"flexvolume_drivers: [{name: nodeops/dynhostpath, src: dynhostpath.py}]".')
KINDS: dict[type, str] = {type(None): 'nothing', dict: 'a mapping', list: 'a list', str: 'a text', bool: 'true or false', int: 'a number', float: 'a number'}


class DriverReader(ActionBase):
    """What every action does that takes the list."""

    def run(self, tmp=None, task_vars=None):
        """Refuse a list that is the node's own."""
        refuse_set_by_node(task_vars or {})
        return super().run(tmp, task_vars)

    def _read(self, spec: dict, module: str) -> dict:
        """Return the task's arguments by that part of the module's argument spec, C(drivers) as C(drivers.read) returns them."""
        if self._task.args.get('drivers') in (None, ''):
            raise refusal(NO_LIST)
        if isinstance(self._task.args['drivers'], str):
            # From -e name=value, or a survey of AWX.
            self._task.args = dict(self._task.args, drivers=_parsed(self._task.args['drivers']))
        listed = self._task.args['drivers']
        wrong = _misshapen(listed, spec['drivers'], 'drivers') or _halved(listed) or _unfit(listed, spec['drivers'])
        if wrong:
            raise refusal(wrong)
        given = {name: self._task.args[name] for name in spec if name in self._task.args}
        validation = ArgumentSpecValidator(spec).validate(given)
        if validation.error_messages:
            raise refusal('; '.join(_sentence(error, f' for ({module}) module') for error in validation.errors.errors))
        try:
            return dict(validation.validated_parameters, drivers=drivers.read(validation.validated_parameters))
        except NodeError as error:
            raise refusal(str(error)) from None

    def _executables(self, declared: list, task_vars) -> dict:
        """Return the content of the executable of each driver that comes from the controller, by the driver's name."""
        inventories = _inventories(task_vars or {})
        return {str(driver['name']): self._content(driver, inventories) for driver in declared if _is_sent(driver)}

    def _content(self, driver: dict, inventories: list) -> bytes:
        try:
            return pathlib.Path(self._find(driver, inventories)).read_bytes()
        except OSError as error:
            raise refusal(f'The src {driver["src"]} of the driver {driver["name"]} cannot be read here ({error.strerror}): correct the path, or let the user '
                          'who runs this read it.') from None

    def _find(self, driver: dict, inventories: list) -> str:
        """Return the path of a driver's source; beside the inventory lie the drivers of those who run the collection's own playbooks."""
        src = driver['src']
        beside = [path for directory in inventories for path in (pathlib.Path(directory, 'files', src), pathlib.Path(directory, src))]
        places = [*beside, FILES / src]
        try:
            places.insert(0, pathlib.Path(self._find_needle('files', src)))
        except AnsibleError:
            pass
        for path in places:
            if path.is_file():
                return self._loader.get_real_file(str(path))
        directory = next((path for path in places if path.is_dir()), None)
        if directory:
            raise refusal(f'The src {src} of the driver {driver["name"]} is a directory, {directory}: name the executable in it.')
        link = next((path for path in places if path.is_symlink()), None)
        if link:
            raise refusal(f'The src {src} of the driver {driver["name"]} is a symbolic link, {link}, and what it points to, {os.readlink(link)}, is no file: '
                          'correct the link, or name the executable itself.')
        raise refusal(
            f'The src {src} of the driver {driver["name"]} is not among the files of the role or the playbook, nor beside the inventory, nor in the '
            'collection: correct the path, or set remote_src if it lies on the node.')


def refuse_set_by_node(task_vars: dict):
    """Refuse what the task is told where part of that may be the node's own word."""
    said = _variables.set_by_node(task_vars.get('inventory_hostname', ''), task_vars)
    if said:
        raise refusal(said)


def _inventories(task_vars: dict) -> list:
    """Return the directory of the host's inventory; a localhost that stands in none has those that were given."""
    if task_vars.get('inventory_dir'):
        return [task_vars['inventory_dir']]
    given = [pathlib.Path(source) for source in task_vars.get('ansible_inventory_sources') or []]
    return [source if source.is_dir() else source.parent for source in given if source.exists()]


def _parsed(text: str):
    try:
        return json.loads(text)
    except ValueError as error:
        raise refusal(f'The list of drivers is a text and no JSON ({error}): write a YAML list, or JSON from its [ to its ].') from None


def _misshapen(value, spec: dict, where: str) -> str:
    """Say of the first mapping or list that is something else where it stands, as the user wrote it: argument specs say that badly, and more than once.

    The value is not shown, as it may be a secret.
    """
    if value is None and not spec.get('required') and spec.get('default') is None:
        return ''
    if spec.get('elements') == 'dict':
        if not isinstance(value, list):
            required = ', '.join(f'{name}: ...' for name, option in spec['options'].items() if option.get('required'))
            return f'{where} is {_kind(value)}, but it has to be a list of mappings: [{{{required}}}].'
        entries = dict(spec, type='dict', elements=None, required=True)
        found = [_misshapen(entry, entries, f'{where}[{_label(entry, index)}]') for index, entry in enumerate(value)]
        return next(filter(None, found), '')
    if spec['type'] == 'list' and value is None:
        return f'{where} is nothing, but it has to be a list: leave it out, or write [].'
    if spec['type'] != 'dict' or (isinstance(value, str) and ('=' in value or value.startswith('{'))):
        return ''
    if not isinstance(value, dict):
        return f'{where} is {_kind(value)}, but it has to be a mapping: {{key: value}}.'
    found = [_misshapen(value[name], option, f'{where}.{name}') for name, option in (spec.get('options') or {}).items() if name in value]
    return next(filter(None, found), '')


def _halved(entries: list) -> str:
    """Say of the first entry that holds a lone surrogate, which JSON can name and UTF-8 cannot write, which one it is."""
    for index, entry in enumerate(entries):
        try:
            json.dumps(entry, ensure_ascii=False, default=str, skipkeys=True).encode()
        except UnicodeEncodeError as error:
            label = _label(entry, index).encode('ascii', 'backslashreplace').decode()
            return f'drivers[{label}] holds {error.object[error.start]!a}, which is half of a character: write the whole of it, or leave it out.'
    return ''


def _unfit(entries: list, spec: dict) -> str:
    """Say of the first entry that its argument spec refuses which one it is, and why."""
    for index, entry in enumerate(entries):
        errors = ArgumentSpecValidator(spec['options']).validate(entry).errors.errors if isinstance(entry, dict) else []
        if errors:
            return f'drivers[{_label(entry, index)}]: {"; ".join(map(_sentence, errors))}'
    return ''


def _kind(value) -> str:
    return next((kind for python_type, kind in KINDS.items() if isinstance(value, python_type)), 'something else')


def _label(entry, index: int) -> str:
    return str(entry.get('name') or entry.get('path') or index) if isinstance(entry, dict) else str(index)


def _sentence(error, where: str = '') -> str:
    """Say what is wrong with the arguments as AnsibleModule would."""
    unsupported = f'Unsupported parameters{where}: ' if isinstance(error, UnsupportedError) else ''
    return f'{unsupported}{error}'


def _is_sent(driver: dict) -> bool:
    return bool(driver['src']) and not driver['remote_src'] and driver['state'] == 'present'
