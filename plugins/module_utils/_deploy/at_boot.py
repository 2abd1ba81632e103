# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle that a node keeps and applies by itself: at every boot before the kubelet starts and, if asked for, at an interval.

What it makes at boot is in place before the kubelet's first probe. Should it fail or hang, the kubelet starts all the same: nothing requires it.
"""

import contextlib
import os
import stat

from .._outcome import NodeError, Outcome
from .._system import files, systemd
from . import program, timers
from .driver_files import sha256_of
from .records import DIRECTORY

NAME = 'flexvolume-node.pyz'
# In place of a bundle: whatever the node keeps is left as it is.
LEFT = object()
SERVICE_UNIT = 'flexvolume-apply.service'
TIMER_UNIT = 'flexvolume-apply.timer'
# What is written, and what it replaces until that is settled.
NEW, OLD = '.new', '.old'
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600

# systemd's limit is five starts in ten seconds, and an apply_interval may be shorter.
SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Make this node agree with its list of FlexVolume drivers
After=network-online.target remote-fs.target
Before={kubelet_units}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={python} -I {bundle} apply --at-boot
TimeoutStartSec=1min
TimeoutStopSec=10s
""" + timers.AS_THE_KUBELET + """
[Install]
WantedBy=multi-user.target
"""

TIMER = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Make this node agree with its list of FlexVolume drivers, again and again

[Timer]
OnActiveSec={interval}
OnUnitInactiveSec={interval}
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def ensure(bundle, interval, kubelet_units: list, check: bool) -> Outcome:
    """Keep the C(bundle), a Payload, and have it applied at boot and every C(interval) if there is one; without a bundle, keep none; with LEFT, change nothing.

    The fact C(awaited) names the bundle where it has to be sent before anything is changed.
    """
    if bundle is LEFT:
        return Outcome(at_boot=os.path.lexists(kept()), awaited=[])
    _refuse_strange()
    if bundle and not systemd.usable():
        raise NodeError('A node applies its bundle at boot by systemd, which neither runs nor is installed here: leave at_boot out.')
    outcome = Outcome(at_boot=bool(bundle), awaited=[])
    with outcome.all_or_nothing():
        _keep(bundle, check, outcome)
        if outcome.facts['awaited'] or not systemd.usable():
            return outcome
        units = _units(interval, kubelet_units) if bundle else {}
        unwanted = [unit for unit in (SERVICE_UNIT, TIMER_UNIT) if unit not in units]
        with_units = systemd.ensure(units, [unit for unit in units if unit == TIMER_UNIT], unwanted, check,
                                    enabled=[unit for unit in units if unit == SERVICE_UNIT])
        with_units.facts.clear()
        outcome.include(with_units)
    return outcome


def kept() -> str:
    """Return the path of the bundle that the node keeps."""
    return os.path.join(DIRECTORY, NAME)


def _units(interval, kubelet_units: list) -> dict:
    units = {SERVICE_UNIT: SERVICE.format(python=program.python(), bundle=kept(), kubelet_units=' '.join(kubelet_units))}
    if interval is not None:
        units[TIMER_UNIT] = TIMER.format(interval=interval)
    return units


def _refuse_strange():
    if os.path.lexists(DIRECTORY) and not stat.S_ISDIR(os.lstat(DIRECTORY).st_mode):
        raise NodeError(f'{DIRECTORY} is no directory, so no bundle can be kept there: see what it is, and remove it.')


def _keep(bundle, check: bool, outcome: Outcome):
    before, after = _kept_now(), _described(0, DIRECTORY_MODE, 0, FILE_MODE, bundle.sha256) if bundle else ''
    for leftover in filter(os.path.lexists, (os.path.join(DIRECTORY, name) for name in (NEW, OLD))):
        outcome.note(leftover, 'state: left by a run that was killed\n', 'state: absent\n')
        if not check:
            files.unlink(leftover)
    outcome.note(kept(), before, after)
    if before == after:
        return
    if bundle and not bundle.arrived:
        outcome.facts['awaited'].append(NAME)
    elif bundle and not check:
        _put(bundle, outcome)
    elif not check:
        outcome.cleanup.append(_remove)


def _kept_now() -> str:
    try:
        directory, file = os.stat(DIRECTORY), os.lstat(kept())
    except FileNotFoundError:
        return ''
    if not stat.S_ISREG(file.st_mode):
        raise NodeError(f'{kept()} is no file, so no bundle can be kept there: see what it is, and remove it.')
    return _described(directory.st_uid, stat.S_IMODE(directory.st_mode), file.st_uid, stat.S_IMODE(file.st_mode), sha256_of(kept()))


def _described(directory_owner: int, directory_mode: int, owner: int, mode: int, sha256: str) -> str:
    return f'directory: owner {directory_owner}, mode "{directory_mode:04o}"\nowner: {owner}\nmode: "{mode:04o}"\nsha256: {sha256}\n'


def _put(bundle, outcome: Outcome):
    """Write the bundle beside its place, whole and on the disk, then rename it into it; the one before comes back when the Outcome is taken back."""
    new, old = (os.path.join(DIRECTORY, name) for name in (NEW, OLD))
    try:
        files.make_directory(os.path.realpath(DIRECTORY), outcome)
        os.chown(DIRECTORY, 0, 0)
        os.chmod(DIRECTORY, DIRECTORY_MODE)
        outcome.undo.append(lambda: files.unlink(new))
        files.create(new, bundle.write, FILE_MODE)
        files.link_over(kept(), old)
        outcome.undo.append(lambda: files.move_over(old, kept()))
        outcome.cleanup.append(lambda: files.unlink(old))
        os.rename(new, kept())
        files.sync(DIRECTORY)
    except OSError as error:
        raise NodeError(f'The bundle could not be kept in {DIRECTORY} ({error.strerror}): see to its file system.') from error


def _remove():
    files.unlink(kept())
    with contextlib.suppress(OSError):
        os.rmdir(DIRECTORY)
