# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a driver leaves behind: found by the made-up names, reported, and removed."""

import contextlib
import os

from .._system import mounts, processes
from .report import Report
from .stage import Stage, unmount_by_force
from .static import changes, listing

PATIENCE = 1.0
# Where drivers keep locks, sockets and temporary files.
ELSEWHERE = ('/tmp', '/var/tmp', '/run', '/run/lock', '/var/log')


@contextlib.contextmanager
def clearing(executable: str, name, environment: dict, options: dict, timeout: float, report: Report):
    """Yield a Stage; afterwards make the checks 801 to 804 and put everything back as it was."""
    running, written = set(processes.descendants()), listing(executable)
    stage = Stage(executable, name, environment, options, timeout, report)
    try:
        yield stage
    finally:
        report.judge(802, _processes_left(running))
        report.judge(801, _mounts_left(stage.token))
        report.judge(803, _files_left(stage))
        report.judge(804, changes(written, listing(executable)))


def _processes_left(before: set) -> str:
    left = processes.remaining(before, PATIENCE)
    processes.kill(left)
    return ', '.join(f'{pid} {line}' for pid, line in left.items())


def _mounts_left(token: str) -> str:
    left = [mount for mount in mounts.read(naming=token) if token in mount.path or token in mount.source]
    for mount in reversed(left):
        unmount_by_force(mount.path)
    return ', '.join(mount.path for mount in left)


def _remove_kept(stage: Stage) -> list:
    """Remove the directories and records that a driver keeps for pods that are gone, which is its right, but these pods never were.

    Only empty directories go, and files that bear a made-up name, below the directory that holds all the volumes and in its hidden
    ones, where drivers keep their records. Return what could not be removed. No mount bears a made-up name any more at this point.
    """
    bases = {origin[:origin.index(stage.token)].rpartition('/')[0] for origin in stage.origins}
    directories = [directory for base in sorted(bases) for directory in [base] + _hidden_directories(base)]
    kept = [os.path.join(directory, name) for directory in directories for name in _names(directory) if stage.token in name]
    for path in kept:
        _remove_bearing(path, stage.token)
    return [path for path in kept if os.path.lexists(path)]


def _hidden_directories(base: str) -> list:
    paths = [os.path.join(base, name) for name in _names(base) if name.startswith('.')]
    return [path for path in paths if os.path.isdir(path) and not os.path.islink(path)]


def _remove_bearing(path: str, token: str):
    if os.path.isdir(path) and not os.path.islink(path):
        for name in _names(path):
            _remove_bearing(os.path.join(path, name), token)
        with contextlib.suppress(OSError):
            os.rmdir(path)
    elif token in os.path.basename(path):
        with contextlib.suppress(OSError):
            os.unlink(path)


def _files_left(stage: Stage) -> str:
    left = [os.path.join(path, name) for path, _directories, names in os.walk(stage.root) for name in names]
    for directory in ELSEWHERE:
        left.extend(os.path.join(directory, name) for name in _names(directory) if stage.token in name)
    left = [path for path in left if path != stage.root]
    for path in left:
        _remove_bearing(path, stage.token)
    stage.remove_tree(stage.root)
    return ', '.join(left + _remove_kept(stage))


def _names(directory: str) -> list:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
