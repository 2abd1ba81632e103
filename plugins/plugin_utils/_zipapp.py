# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One executable file of rooms of module_utils, for a node that has Python 3.6 or later and nothing else. It needs no Ansible to be built either:

C(python3 plugins/plugin_utils/_zipapp.py _conformance.command_line:main flexvolume-conformance.pyz)
"""

from __future__ import annotations

import ast
import hashlib
import io
import pathlib
import sys
import zipfile

HOUSE = pathlib.Path(__file__).parents[1] / 'module_utils'
PACKAGE = 'flexvolume'
# Python takes a zip file without its end for a script, and says of one whose second line names such an encoding that it has a problem with it.
HEAD = b'#!/usr/bin/env python3\n# coding: cut-short.Fetch-this-file-again\n# sha256 of the rest: %b\n'
MAIN = '''\
import hashlib
import sys

with open(__loader__.archive, 'rb') as file:
    checksum, rest = file.read().split(b'\\n', 3)[2:]
if hashlib.sha256(rest).hexdigest().encode() != checksum.split()[-1]:
    sys.exit(f'{{__loader__.archive}} was altered: its checksum is not the one in its third line. Fetch it again.')

from {package}.{module} import {function}

sys.exit({function}())
'''
# The first moment that a zip file can name.
MOMENT = (1980, 1, 1, 0, 0, 0)
FILE = 0o100644 << 16
UNIX = 3
BEST = 9


def build(entry: str, data: dict[str, bytes]) -> bytes:
    """Return a zipapp that calls C(entry), C(module:function) in the house of rooms, which returns the exit status.

    It holds that room and all that it imports, and C(data), for which rooms ask their C(__loader__.get_data(name)). The same input gives the same bytes,
    as far as Python's zlib is the same: another implementation packs the same content in another way. What was cut short or altered does not run.
    """
    module, _colon, function = entry.partition(':')
    content = {'__main__.py': MAIN.format(package=PACKAGE, module=module, function=function).encode()}
    for room in rooms(module):
        content[f'{PACKAGE}/{room}'] = (HOUSE / room).read_bytes()
    content.update(dict.fromkeys({f'{pathlib.PurePath(name).parent}/__init__.py' for name in content if '/' in name} | {f'{PACKAGE}/__init__.py'}, b''))
    content.update(data)
    buffer = io.BytesIO()
    start = buffer.write(HEAD % (b'0' * 64))
    with zipfile.ZipFile(buffer, 'w') as archive:
        for name in sorted(content):
            item = zipfile.ZipInfo(name, MOMENT)
            item.create_system, item.external_attr = UNIX, FILE
            archive.writestr(item, content[name], zipfile.ZIP_DEFLATED, BEST)
    rest = buffer.getvalue()[start:]
    return HEAD % hashlib.sha256(rest).hexdigest().encode() + rest


def rooms(module: str) -> list[str]:
    """Return the files, relative to the house, of a room such as C(_deploy.node) and of all that it imports from the house."""
    found: set[str] = set()
    waiting = [f'{module.replace(".", "/")}.py']
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting.extend(_imports(room))
    return sorted(found)


def _imports(room: str) -> list[str]:
    floor = pathlib.PurePath(room).parent
    imported = []
    for node in ast.walk(ast.parse((HOUSE / room).read_text(encoding='utf-8'))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = pathlib.PurePath(*floor.parts[:len(floor.parts) - node.level + 1], *(node.module or '').split('.'))
        # What is imported from a floor is a room, what is imported from a room is something in it.
        names = [base / name.name for name in node.names] if (HOUSE / base).is_dir() else [base]
        imported.extend(f'{name}.py' for name in names)
    return imported


if __name__ == '__main__':
    pathlib.Path(sys.argv[2]).write_bytes(build(sys.argv[1], {}))
    pathlib.Path(sys.argv[2]).chmod(0o755)
