# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was killed left half done in the plugin dir, finished or taken back by whoever comes next: a module, or the touch timer.

To replace a driver takes two renames, to withdraw one takes several steps, and a kill in between leaves a driver that no version of it ever was. Before the
first step the intention is written into the driver's hidden staging directory; with the last step it goes.
"""

import contextlib
import json
import os
import shutil

from .._names import DriverName
from .._outcome import NodeError
from .._system import files
from .driver_files import PREFIX, Place

INTENTION = '.intention'
REPLACE, WITHDRAW = 'replace', 'withdraw'


@contextlib.contextmanager
def intending(place: Place, action: str, **details):
    """Keep the intention written down while the block carries it out."""
    path = os.path.join(place.staging.directory, INTENTION)
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump(dict(details, action=action), file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + '.new', path)
    files.sync(place.staging.directory)
    yield
    os.unlink(path)


def replace(place: Place, with_config: bool, keep: bool, executable_first: bool = False):
    """Put the staged files in the place of the present ones, with C(keep) after these became the previous version.

    Done again, it does what is still to be done.
    """
    if keep:
        files.link_over(place.kept.config, place.previous_config)
        files.link_over(place.kept.executable, place.previous)
    if executable_first:
        _move(place.staging.executable, place.executable)
    if with_config:
        _move(place.staging.config, place.config)
    else:
        files.unlink(place.config)
    _move(place.staging.executable, place.executable)
    files.sync(place.directory)


def withdraw(place: Place):
    """Take a driver away: the executable first, which makes the kubelet unload it, where it would look for a renamed directory for ever."""
    os.makedirs(place.staging.directory, 0o700, exist_ok=True)
    with intending(place, WITHDRAW):
        _empty(place)
    clear(place.staging.directory)


def leftovers(plugin_dir: str) -> list:
    """Return the hidden directories that killed runs left in the plugin dir."""
    return [os.path.join(plugin_dir, name) for name in files.names(plugin_dir) if name.startswith(PREFIX)]


def clear(directory: str):
    """Remove a hidden directory that stands beside the drivers.

    The kubelet ignores its name, but one that was started while it was there watches what is in it, and notes a driver that a kubelet before 1.24 would then
    fail to probe for ever (flexvolume/probe.go: addWatchRecursive, handleWatchEvent). The removal of the executable takes that back, so it comes last.
    """
    if not os.path.isdir(directory):
        return
    executable = os.path.join(directory, os.path.basename(directory).rpartition('~')[2])
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif path != executable:
            os.unlink(path)
    with open(executable, 'a', encoding='utf-8'):
        os.unlink(executable)
    os.rmdir(directory)


def recover(plugin_dir: str) -> list:
    """Finish what was begun, take back what has changed nothing yet, and clear away what was hidden; nobody else may be at work there.

    Return the names of the drivers that were half done. What cannot be finished keeps none of the others from it, and is what NodeError then names.
    """
    half_done, stuck = [], []
    for leftover in leftovers(plugin_dir):
        try:
            if os.path.exists(os.path.join(leftover, INTENTION)):
                place = Place(plugin_dir, DriverName(*os.path.basename(leftover)[len(PREFIX):].split('~')))
                _recover(place)
                half_done.append(str(place.name))
            clear(leftover)
        except (OSError, ValueError, KeyError, TypeError) as error:
            stuck.append(f'{leftover} was left by a run that was killed, and cannot be finished ({error}): see to its file system, or remove that '
                         'directory and deploy the driver again.')
    if stuck:
        raise NodeError(' '.join(stuck))
    return half_done


def _recover(place: Place):
    with open(os.path.join(place.staging.directory, INTENTION), encoding='utf-8') as file:
        intention = json.load(file)
    if intention['action'] == REPLACE:
        replace(place, intention['with_config'], intention['keep'])
    elif not os.path.lexists(place.executable):
        _empty(place)
    files.sync(place.plugin_dir)


def _empty(place: Place):
    files.unlink(place.executable)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(place.directory)


def _move(source: str, target: str):
    with contextlib.suppress(FileNotFoundError):
        os.rename(source, target)
