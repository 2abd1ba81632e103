# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a driver from being published or withdrawn; each raises NodeError, and nothing that the kubelet sees has been changed by then."""

import os

from .._kubelet import callout, process
from .._outcome import NodeError, Outcome
from .._system import mounts
from .driver_files import Place

# Beyond the executable itself: its config, directories and the rounding up to blocks.
ROOM = 1 << 20


def refuse_strange(place: Place, table: list):
    """Refuse a driver whose place is no directory, or where something is mounted."""
    if os.path.lexists(place.directory) and (os.path.islink(place.directory) or not os.path.isdir(place.directory)):
        raise NodeError(f'{place.directory} is no directory, so the kubelet passes over it: remove it, then run this for the driver {place.name} again.')
    inside = mounts.below(os.path.realpath(place.directory), table)
    if inside:
        raise NodeError(f'{inside[0].path} is mounted in the directory of the driver {place.name}: unmount it first.')


def refuse_read_only(plugin_dir: str, table: list, advice: str) -> mounts.Mount:
    """Refuse a plugin dir on a file system that is mounted read-only; return what it lies on."""
    mount = mounts.holding(plugin_dir, table)
    if 'ro' in mount.options:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which is mounted read-only: {advice}')
    return mount


def refuse_unwritable(plugin_dir: str, size: int, table: list):
    """Refuse a plugin dir in which drivers of that size could not be put, or not run."""
    mount = refuse_read_only(plugin_dir, table, 'give the kubelet a --volume-plugin-dir on a writable file system, for example '
                             '/var/lib/kubelet/volumeplugins, restart it, and deploy again.')
    if 'noexec' in mount.options:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which is mounted noexec: remount it, or give the kubelet another '
                        '--volume-plugin-dir.')
    space = os.statvfs(mount.path)
    if space.f_bavail * space.f_frsize < size + ROOM:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which has {space.f_bavail * space.f_frsize} bytes free of the '
                        f'{size + ROOM} that publishing needs: free some.')


def refuse_unmet(driver: dict, kubelet, packages_are_installed: bool, outcome: Outcome):
    """Refuse a driver that requires commands which the kubelet does not find; where its packages are yet to be installed, warn of it."""
    missing = [command for command in driver['requires'] if not process.which(command, kubelet)]
    if not missing:
        return
    problem = f'The driver {driver["name"]} requires {", ".join(missing)}, not found on the kubelet\'s PATH'
    if driver['packages'] and not packages_are_installed:
        outcome.warnings.append(f'{problem} yet: its packages are not installed in check mode.')
        return
    raise NodeError(f'{problem}: install it, or list the package in packages; the driver is not published.')


def refuse_failing(place: Place, kubelet):
    """Refuse a driver that is staged and whose init the kubelet would not take, or not in time."""
    judged = _identity(place.staging.executable)
    verdict = callout.init(place.staging.executable, process.callout_environment(kubelet))
    if _identity(place.staging.executable) != judged:
        raise NodeError(f'The driver {place.name} is not published because its executable was changed or removed while its init ran: have init leave it alone, '
                        'or see what else does that, such as a virus scanner; what was in the plugin dir is unchanged.')
    if verdict.answer.timed_out:
        raise NodeError(f'The driver {place.name} is not published because its init had not finished after {callout.SLOWEST_INIT} s: the '
                        'kubelet sets no limit, and every volume operation of the node waits for it. Make init answer at once; what was in the plugin dir '
                        'is unchanged.')
    if verdict.defect:
        # Where it was tried is nobody's business, and is gone by the time that this is read.
        said = verdict.defect.replace(place.staging.config, f'config of {place.name}').replace(place.staging.directory, place.directory)
        raise NodeError(f'The driver {place.name} is not published because its init fails: {said.rstrip(".")}. '
                        'Mend the driver, its config or its requirements; what was in the plugin dir is unchanged.')


def _identity(path: str):
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns
