# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs on the node that timers run: rooms of this house, copied from where the running module has them."""

import collections
import functools
import hashlib
import os
import shutil
import sys
import tempfile
import time

from .._outcome import NodeError, Outcome
from .._system import files
from . import records, timers, touch

HOUSE = __name__.rpartition('.')[0].rpartition('.')[0]
PACKAGE = 'flexvolume'
# Of a condition (ExecCondition=) systemd takes 255 for a failure, and what Python ends with by itself for one that is not met.
MAIN = '''\
import sys

try:
    from {package}.{module} import main
    status = main()
except Exception as error:
    print(f'<3>{{sys.argv[0]}} is broken ({{error!r}}): deploy again, which installs it anew.', file=sys.stderr)
    status = 255
sys.exit(status)
'''

# kind: what its place on the node begins with; module: where its main is; rooms: what it is made of.
Program = collections.namedtuple('Program', ('kind', 'module', 'rooms'))
TOUCH = Program('touch', '_deploy.touch', touch.ROOMS)
# What the node's package manager keeps up to date, rather than what runs this module, which may be a venv's. RHEL 8 may have no other than the second.
PYTHONS = ('/usr/bin/python3', '/usr/libexec/platform-python')


def python() -> str:
    """Return the interpreter for what the node runs by itself."""
    return next((path for path in PYTHONS if os.access(path, os.X_OK)), sys.executable)


def command(program: Program = TOUCH) -> list:
    """Return the words of the command that runs the program, without its argument."""
    return [python(), '-I', '-S', place_of(program)]


def place_of(program: Program) -> str:
    """Return where the program lies on the node; its name changes with its content."""
    return os.path.join(records.DIRECTORY, _name(program))


def install(outcome: Outcome, program: Program = TOUCH, check: bool = False):
    """Put the program on the node, anew where a timer runs it that lost it; an older one stays until no timer runs it any more."""
    place = place_of(program)
    content = _content(program)
    if all(_holds(os.path.join(place, name), text) for name, text in content.items()):
        return
    lost = place in timers.programs()
    if lost:
        outcome.note(place, 'state: missing or damaged\n', 'state: as installed\n')
    if check:
        return
    records.make_directory()
    # By that name it is tidied up should this be killed.
    fresh = tempfile.mkdtemp(prefix=f'{program.kind}-', dir=records.DIRECTORY)
    try:
        for name, text in content.items():
            path = os.path.join(fresh, name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            with open(path, 'wb') as file:
                file.write(text)
        # The first brings most of the others along.
        for name in content:
            with open(os.path.join(fresh, name), 'rb') as file:
                os.fsync(file.fileno())
        # What timers run already is not taken away from them again.
        if not lost:
            outcome.undo.append(lambda: _remove(place))
        _remove(place)
        os.rename(fresh, place)
    except OSError as error:
        raise NodeError(f'The program of the touch timers could not be written to {records.DIRECTORY} ({error.strerror}): see to its file system.') from error
    finally:
        # A person, or systemd, may stop this at any moment.
        shutil.rmtree(fresh, ignore_errors=True)


def tidy():
    """Remove what no driver needs any more: programs that no timer runs, of whatever driver; the last of them with the last record."""
    needed = any(name.endswith(records.SUFFIX) for name in files.names(records.DIRECTORY))
    remove_others(TOUCH, [place_of(TOUCH), *timers.programs()] if needed else [])
    if not needed:
        records.remove_directory()


def remove_others(program: Program, needed: list):
    """Remove the programs of that kind but for the places that are needed."""
    for name in files.names(records.DIRECTORY):
        path = os.path.join(records.DIRECTORY, name)
        if name.startswith(f'{program.kind}-') and path not in needed:
            _remove(path)


def _remove(place: str):
    """Remove a program. One that runs just now writes what it compiled into it, and so keeps it from being removed, or makes it anew."""
    for _attempt in range(20):
        shutil.rmtree(place, ignore_errors=True)
        if not os.path.lexists(place):
            return
        time.sleep(0.1)
    raise NodeError(f'{place} could not be removed: see to its file system.')


def _holds(path: str, text: bytes) -> bool:
    try:
        with open(path, 'rb') as file:
            return file.read() == text
    except OSError:
        return False


def _content(program: Program) -> dict:
    content = {f'{PACKAGE}/{room}.py': _source(room) for room in program.rooms}
    content.update({f'{os.path.dirname(name)}/__init__.py': b'' for name in list(content)})
    content['__main__.py'] = MAIN.format(package=PACKAGE, module=program.module).encode()
    return content


def _source(room: str) -> bytes:
    name = f'{HOUSE}.{room.replace("/", ".")}'
    source = sys.modules[name].__loader__.get_source(name)  # type: ignore[union-attr]
    # Ansible's own loader of collections returns bytes.
    return source if isinstance(source, bytes) else source.encode('utf-8')


# A deploy asks for it three times.
@functools.lru_cache(maxsize=None)
def _name(program: Program) -> str:
    digest = hashlib.sha256(b''.join(name.encode() + b'\0' + text + b'\0' for name, text in sorted(_content(program).items())))
    return f'{program.kind}-{digest.hexdigest()[:12]}'
