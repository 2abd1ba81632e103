# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers of others in the plugin dir that are broken, and what a kubelet before 1.24 makes of them.

Its prober keeps the event of a driver whose init fails until a probe succeeds, and throws away all results of a probe in which one failed
(flexvolume/probe.go: probeMap; volume/plugins.go: refreshProbedPlugins; mended by kubernetes/kubernetes#106703). So once a broken driver was made, changed
or touched under a running kubelet, no other one is loaded any more. What clears the event is the removal of a file by the executable's name. Where the
executable is missing that can be had without touching anything of theirs: a directory by its name is made and removed again. rmdir(2) removes nothing
else, whatever an installer puts there in between. Where there is an executable, only its owner, or a restart of the kubelet, can help.
"""

import contextlib
import json
import os

from .._kubelet import callout, process
from . import records

BEGUN = 'begun'


def strangers(ours: list, plugin_dir: str) -> list:
    """Return the directories that the kubelet probes but for those of C(ours), a list of DriverName."""
    names = [name.directory for name in ours]
    return [name for name in directories(plugin_dir) if name not in names]


def broken(names: list, plugin_dir: str, kubelet) -> dict:
    """Return what is wrong with the drivers in these directories, by their names; each is called as the kubelet calls it, for at most ten seconds."""
    environment = process.callout_environment(kubelet)
    verdicts = {name: callout.init(executable(plugin_dir, name), environment) for name in names}
    return {name.replace('~', '/'): verdict.defect for name, verdict in verdicts.items() if verdict.defect}


def directories(plugin_dir: str) -> list:
    """Return the directories that the kubelet probes."""
    names = sorted(os.listdir(plugin_dir)) if os.path.isdir(plugin_dir) else []
    paths = {name: os.path.join(plugin_dir, name) for name in names if not name.startswith('.')}
    return [name for name, path in paths.items() if os.path.isdir(path) and not os.path.islink(path)]


def executable(plugin_dir: str, name: str) -> str:
    """Return the file that the kubelet calls in the directory of that name."""
    return os.path.join(plugin_dir, name, name.rpartition('~')[2])


def heal(plugin_dir: str, needed) -> list:
    """Clear the event of each driver directory without an executable that has changed since it was last looked at; return their names.

    C(needed) is a function that says whether this kubelet needs it, asked only where there is such a directory. Nobody else may be at work in the plugin
    dir: a driver that is just being made has no executable either.
    """
    before = _healed()
    after = {name: state for name, state in before.items() if os.path.isdir(os.path.join(plugin_dir, name))}
    for name in [name for name, state in after.items() if state == BEGUN]:
        _remove(executable(plugin_dir, name))
        del after[name]
    empty = [name for name in directories(plugin_dir) if not os.path.lexists(executable(plugin_dir, name))]
    changed = [name for name in empty if after.get(name) != _state(plugin_dir, name)]
    healed = changed if changed and needed() else []
    for name in changed:
        if name in healed:
            # Should this process be killed in between, the next one knows whose directory it is.
            _write(dict(after, **{name: BEGUN}))
            # One that is read-only, or gets its executable just now, keeps none of the others from being helped.
            with contextlib.suppress(OSError):
                os.mkdir(executable(plugin_dir, name), 0o700)
                _remove(executable(plugin_dir, name))
        after[name] = _state(plugin_dir, name)
    if after != before:
        _write(after)
    return [name.replace('~', '/') for name in healed]


def sentence(found: dict, version) -> str:
    """Say what is wrong with which drivers, and what to do about it."""
    named = '; '.join(f'{name}: {why.rstrip(".")}' for name, why in found.items())
    return (f'The kubelet is {version or "of an unknown version"}, and before 1.24 a broken driver beside others makes it lose them, so that their pods fail '
            f'with "no volume plugin matched". Broken here: {named}. Repair it, or remove it, its executable first and then its directory.')


def _state(plugin_dir: str, name: str) -> list:
    status = os.stat(os.path.join(plugin_dir, name))
    return [status.st_ino, status.st_ctime_ns]


def _remove(path: str):
    # Where somebody has put an executable there, or something into the directory, it is his.
    with contextlib.suppress(OSError):
        os.rmdir(path)


def _healed() -> dict:
    try:
        with open(records.healed(), encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def _write(healed: dict):
    records.write(records.healed(), records.text(healed))
