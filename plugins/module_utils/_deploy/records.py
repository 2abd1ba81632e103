# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node keeps of a deploy for those who come when no controller does: the touch timer, and whoever asks what is wrong."""

import contextlib
import json
import os
import time

from .._names import DriverName
from .._outcome import NodeError, Outcome
from .._system import files
from .driver_files import Place

DIRECTORY = '/var/lib/nodeops.flexvolume'
SUFFIX = '.driver.json'
HEALED = 'healed.json'
UNFINISHED = '.new'


def path(name) -> str:
    """Return where a driver's record is kept."""
    return os.path.join(DIRECTORY, name.directory + SUFFIX)


def said(name) -> str:
    """Return where it is kept why a driver is not touched, as it was said last."""
    return os.path.join(DIRECTORY, name.directory + '.said')


def healed() -> str:
    """Return where it is kept which directories without an executable the kubelet was helped with."""
    return os.path.join(DIRECTORY, HEALED)


def names() -> list:
    """Return the DriverName of each driver that has a record."""
    return [DriverName(*name[:-len(SUFFIX)].split('~')) for name in files.names(DIRECTORY) if name.endswith(SUFFIX) and name.count('~') == 1]


def since(record: dict, executable: str) -> float:
    """Return since when a driver is there, in seconds since the epoch: as its record says, without one since its executable was changed last."""
    try:
        return record.get('since') or os.stat(executable).st_ctime
    except OSError:
        return 0.0


def text(record: dict) -> str:
    """Return a record as it is kept, nothing for an empty one."""
    return json.dumps(record, indent=2, sort_keys=True) + '\n' if record else ''


def read(name) -> dict:
    """Return a driver's record, an empty one where there is none; raise NodeError where it cannot be read."""
    try:
        with open(path(name), encoding='utf-8') as file:
            return json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise NodeError(f'The record {path(name)} cannot be read ({error}): deploy {name} again, which writes it anew.') from error


def known(name) -> dict:
    """Return a driver's record, an empty one where there is none or it cannot be read."""
    try:
        return read(name)
    except NodeError:
        return {}


def make_directory():
    """Make the directory of root's alone in which everything is kept."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(DIRECTORY, 0o700)


def remove_directory():
    """Remove the directory with the last that was kept, and what writers that were killed left; a bundle that the node applies by itself keeps it."""
    for name in files.names(DIRECTORY):
        if name == HEALED or name.endswith(UNFINISHED):
            os.unlink(os.path.join(DIRECTORY, name))
    with contextlib.suppress(OSError):
        os.rmdir(DIRECTORY)


def keep(name, record: dict, outcome: Outcome, check: bool):
    """Have the record say that, and since when the driver is on this node; an empty one is removed."""
    before = known(name)
    after = dict(record, since=before.get('since') or _since(Place(record['plugin_dir'], name))) if record else {}
    damaged = not before and os.path.lexists(path(name))
    if not record and not before and os.path.lexists(said(name)):
        outcome.note(said(name), 'state: left by a run that was killed\n', 'state: absent\n')
        if not check:
            outcome.cleanup.append(lambda: files.unlink(said(name)))
    if after == before and not damaged:
        return
    outcome.note(path(name), 'state: damaged\n' if damaged else _shown(before), _shown(after))
    if check:
        return
    outcome.undo.append(lambda: write(path(name), text(before)))
    try:
        write(path(name), text(after))
    except OSError as error:
        raise NodeError(f'The record {path(name)} cannot be written ({error.strerror}): see to its file system.') from error
    if not record:
        outcome.cleanup.append(lambda: files.unlink(said(name)))


def _shown(record: dict) -> str:
    """Return a record as a diff shows it: a plan cannot know since when the driver will be there."""
    return text(dict(record, since=None)) if record else ''


def _since(place: Place) -> float:
    """Return a time at which the driver was there already, but which no event of an earlier one of its name can be later than."""
    try:
        return os.stat(place.executable).st_mtime
    except OSError:
        return time.time()


def write(file: str, content: str):
    """Write a file of root's alone, at once and past a power cut, after which the touch timer depends on it; nothing where the content is empty."""
    if not content:
        files.unlink(file)
        return
    make_directory()
    fresh = file + UNFINISHED
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='utf-8') as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(fresh, file)
