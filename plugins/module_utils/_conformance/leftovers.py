# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a driver leaves behind. In an enclosure it is whatever was written, and goes with the enclosure; on the node it is found by the made-up names."""

import contextlib
import os
import subprocess

from .._system import enclosure, loops, mounts, processes, roots
from . import enclosed
from .report import MUST, SHOULD, Report
from .stage import Stage
from .static import changes, listing

PATIENCE = 1.0
# Where drivers keep locks, sockets and temporary files, to be looked at on the node itself.
ELSEWHERE = ('/tmp', '/var/tmp', '/run', '/run/lock', '/var/log')
# Where a driver may keep what is its own, as long as it does not grow with each volume.
OWN = ('/run/', '/var/run/', '/var/log/', '/var/lib/', '/var/cache/')
UNITS = '/run/systemd/transient'
# Not those that the kubelet and the container runtime make for pods.
UNIT_KINDS = ('.service', '.timer', '.path', '.socket')
SHOWN = 5


@contextlib.contextmanager
def clearing(stage: Stage, report: Report):
    """Afterwards make the checks 801 to 805, and put what is outside of an enclosure back as it was."""
    running, written = set(processes.descendants()), listing(stage.executable)
    for directory in ELSEWHERE:
        stage.note(directory)
    try:
        yield
    finally:
        report.callout = stage.first_mount
        left = processes.remaining(running, PATIENCE)
        processes.kill(left)
        report.judge(802, _few([f'{pid} {line}' for pid, line in left.items()]))
        _judge_mounts(stage, report)
        report.judge(803, _few(_volumes_left(stage)))
        report.judge(804, changes(written, listing(stage.executable)))
        elsewhere = _loops_left(stage) + _devices_left(stage) + (_written(stage) if stage.enclosure else _named(stage))
        if elsewhere:
            report.failed(805, _few(elsewhere))
        if not stage.enclosure:
            bases = [directory for base in sorted(stage.bases) for directory in [base] + roots.hidden_directories(base)]
            enclosed.put_back(stage.token, [os.path.dirname(stage.scratch), *ELSEWHERE] + bases)


def units() -> set:
    """Return the transient units of the node that a driver could have made."""
    return {name for name in roots.listing(UNITS) if name.endswith(UNIT_KINDS)}


def judge_units(before: set, token: str, report: Report):
    """Complain in check 805 of units that were not there before; end those that bear the token, for the others might be somebody else's."""
    texts = {name: name + (roots.read(os.path.join(UNITS, name)) or '') for name in sorted(units() - before)}
    new = [name for name, text in texts.items() if not any(other in text for other in enclosed.running())]
    own = [name for name in new if token in texts[name]]
    if own:
        # run_command belongs to AnsibleModule, and this runs where there is no Ansible too.
        # pylint: disable-next=ansible-bad-function
        subprocess.run(['systemctl', '--no-ask-password', 'stop', '--', *own], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
    if new:
        report.failed(805, f'transient units of systemd that were not there before: {_few(new)}')


def _few(things: list) -> str:
    more = f' and {len(things) - SHOWN} more' if len(things) > SHOWN else ''
    return ', '.join(things[:SHOWN]) + more


def _judge_mounts(stage: Stage, report: Report):
    """A mount in a pod's directory is one that the kubelet stumbles over, any other only one too many."""
    if stage.enclosure:
        known = {mount.mount_id for mount in stage.enclosure.table}
        left = [mount for mount in mounts.read() if mount.mount_id not in known]
    else:
        left = [mount for mount in mounts.read(naming=stage.token) if stage.token in mount.path or stage.token in mount.source]
    for mount in reversed(left):
        mounts.unmount(mount.path)
    paths = [mount.path for mount in left]
    if paths:
        report.failed(801, _few(paths), MUST if any(path.startswith(f'{stage.root}/pods/') for path in paths) else SHOULD)
    report.passed(801)


def _volumes_left(stage: Stage) -> list:
    """Return what the kubelet would still take for volumes of pods that are gone (kubelet_getters.go: getPodVolumePathListFromDisk)."""
    left = []
    for uid in sorted(set(stage.uids)):
        volumes = f'{stage.root}/pods/{uid}/volumes'
        left += [os.path.join(volumes, kind, name) for kind in roots.listing(volumes) for name in roots.listing(os.path.join(volumes, kind))]
    return left


def _loops_left(stage: Stage) -> list:
    """Return the loop devices that are left, and take their files from them."""
    left = [loop for loop in loops.used() if (loop.device in stage.enclosure.devices if stage.enclosure else stage.token in loop.file)]
    for loop in left:
        loops.detach(loop.name)
    return [f'/dev/{loop.name} ({loop.file})' for loop in left]


def _devices_left(stage: Stage) -> list:
    """Return what bears the token below /dev, which an enclosure shares with the node, and remove it from there."""
    found = [(directory, name) for directory, directories, names in os.walk('/dev') if not directory.startswith(enclosure.SHARED_MEMORY)
             for name in directories + names if stage.token in name]
    for directory, _name in found:
        enclosed.remove_bearing(directory, stage.token)
    return [os.path.join(directory, name) for directory, name in found]


def _written(stage: Stage) -> list:
    """Return what was written that is neither the suite's, nor in a directory that holds the data of volumes, nor a driver's own affair."""
    ours = (f'{stage.scratch}/', f'{stage.root}/', f'{os.path.dirname(stage.executable)}/')
    made = {stage.scratch, stage.root}
    left = []
    for path, what in stage.enclosure.written():
        known = path in made or path.startswith(ours) or f'{stage.root}/'.startswith(f'{path}/') or '/__pycache__' in path
        kept = path in stage.bases or path.startswith(tuple(f'{base}/' for base in stage.bases))
        own = path.startswith(OWN) and stage.token not in path
        if not (known or kept or own or any(path.startswith(f'{above}/') for above, _what in left)):
            left.append((path, what))
    return [path if what == 'new' else f'{path} ({what})' for path, what in left]


def _named(stage: Stage) -> list:
    return [os.path.join(directory, name) for directory in ELSEWHERE for name in sorted(roots.listing(directory))
            if stage.token in name and os.path.join(directory, name) != stage.scratch]
