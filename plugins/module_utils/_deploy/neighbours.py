# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers of others in the plugin dir that are broken, and what a kubelet before 1.24 makes of them.

Its prober keeps the event of a driver whose init fails until a probe succeeds, and throws away all results of a probe in which one failed
(flexvolume/probe.go: probeMap; volume/plugins.go: refreshProbedPlugins; mended by kubernetes/kubernetes#106703). So once a broken driver was made, changed
or touched under a running kubelet, no other one is loaded any more. The same does a file in the plugin dir, which is not probed as the kubelet starts, and
whatever is moved away: its old name is probed for ever. What clears the event is the removal of the directory, or of a file by the executable's name. Where
that is missing, or the directory, it can be had without touching anything of theirs: a directory by its name is made and removed again. rmdir(2) removes
nothing else, whatever an installer puts there in between. Where there is an executable, or a file, only its owner, or a restart of the kubelet, can help.
"""

import contextlib
import json
import os

from .._kubelet import callout, process
from .._outcome import NodeError
from .._system import files
from . import records


def strangers(ours: list, plugin_dir: str) -> list:
    """Return the directories that the kubelet probes but for those of C(ours), a list of DriverName."""
    names = [name.directory for name in ours]
    return [name for name in directories(plugin_dir) if name not in names]


def broken(names: list, plugin_dir: str, kubelet) -> dict:
    """Return what is wrong with the drivers in these directories, by their names; each is called as the kubelet calls it, for at most ten seconds."""
    environment = process.callout_environment(kubelet)
    verdicts = {name: callout.init(executable(plugin_dir, name), environment) for name in names}
    return {name.replace('~', '/'): verdict.defect for name, verdict in verdicts.items() if verdict.defect}


def visible(plugin_dir: str) -> list:
    """Return the names in the plugin dir that do not begin with a dot; the kubelet passes over those that do."""
    return [name for name in files.names(plugin_dir) if not name.startswith('.')]


def directories(plugin_dir: str) -> list:
    """Return the directories that the kubelet probes."""
    return [name for name in visible(plugin_dir) if _is_directory(os.path.join(plugin_dir, name))]


def misfits(plugin_dir: str) -> list:
    """Return what lies there and is no driver directory: files, and links. The kubelet probes one only after an event of it."""
    return [name for name in visible(plugin_dir) if not _is_directory(os.path.join(plugin_dir, name))]


def executable(plugin_dir: str, name: str) -> str:
    """Return the file that the kubelet calls in the directory of that name."""
    return os.path.join(plugin_dir, name, name.rpartition('~')[2])


def heal(plugin_dir: str, needed) -> list:
    """Clear the events of driver directories without an executable that have changed, and of names that went, since it was last looked; return their names.

    C(needed) is a function that says whether this kubelet needs it, asked only where there is such a one. Nobody else may be at work in the plugin dir: a
    driver that is just being made has no executable either.
    """
    kept = _kept()
    before = kept.get(plugin_dir, {'begun': '', 'empty': {}, 'there': []})
    if before['begun']:
        # A run that was killed in between left what it had made.
        _remove(before['begun'])
    there = visible(plugin_dir)
    empty = [name for name in directories(plugin_dir) if not os.path.lexists(executable(plugin_dir, name))]
    changed = {name: executable(plugin_dir, name) for name in empty if before['empty'].get(name) != _state(plugin_dir, name)}
    changed.update((name, os.path.join(plugin_dir, name)) for name in before['there'] if name not in there)
    healed = changed if changed and needed() else {}
    for path in healed.values():
        # Neither a full disk, nor one that is read-only or comes just now, keeps the others from being helped.
        with contextlib.suppress(OSError):
            _write(dict(kept, **{plugin_dir: dict(before, begun=path)}))
        with contextlib.suppress(OSError):
            os.mkdir(path, 0o700)
            _remove(path)
    after = {'begun': '', 'empty': {name: _state(plugin_dir, name) for name in empty}, 'there': there}
    if after != before:
        try:
            _write(dict(kept, **{plugin_dir: after}))
        except OSError as error:
            raise NodeError(f'{records.healed()} cannot be written ({error.strerror}): see to its file system.') from error
    return [name.replace('~', '/') for name in healed]


def forget(plugin_dir: str, name: str):
    """Let nobody heal the name of a driver that is about to be withdrawn: what is removed in good order needs no empty directory in its place."""
    kept = _kept()
    seen = kept.get(plugin_dir)
    if seen and name in seen['there']:
        # A full disk keeps no driver from being withdrawn.
        with contextlib.suppress(OSError):
            _write(dict(kept, **{plugin_dir: dict(seen, there=[other for other in seen['there'] if other != name])}))


def sentence(found: dict, misprobed: dict, version) -> str:
    """Say what is wrong with which drivers, and what to do about it and about what only passes for one; nothing where all is well."""
    if not found and not misprobed:
        return ''
    named = '; '.join([f'{name}: {why.rstrip(".")}' for name, why in found.items()] + [f'{name}: no driver directory' for name in misprobed])
    advice = (['Repair it, or remove it, its executable first and then its directory.'] if found else []) + list(misprobed.values())
    return (f'The kubelet is {version or "of an unknown version"}, and before 1.24 a broken driver beside others makes it lose them, so that their pods fail '
            f'with "no volume plugin matched". Broken here: {named}. {" ".join(advice)}')


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _state(plugin_dir: str, name: str) -> list:
    status = os.stat(os.path.join(plugin_dir, name))
    return [status.st_ino, status.st_ctime_ns]


def _remove(path: str):
    # Where somebody has put an executable there, or something into the directory, it is his.
    with contextlib.suppress(OSError):
        os.rmdir(path)


def _kept() -> dict:
    """Return what was seen last in each plugin dir: the directories without an executable, all names, and the path that is made and removed again."""
    try:
        with open(records.healed(), encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def _write(kept: dict):
    records.write(records.healed(), records.text(kept))
