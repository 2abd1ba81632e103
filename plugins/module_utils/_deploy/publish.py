# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing a driver whole, and withdrawing it.

At no instant can the kubelet see an empty directory, a half-written or a non-executable file: before 1.24 one such driver makes it throw
away what it learned of all others (kubernetes/kubernetes#106703). A driver is built and judged in a hidden directory of the plugin dir and then renamed
into place, as a whole directory when it is new, as a file when an older version is there, since the kubelet watches the directory.
"""

import collections
import os
import shutil

from .._kubelet import callout, process, volumes
from .._names import DriverName
from .._outcome import NodeError, Outcome
from .._system import files, mounts
from .driver_files import PREFIX, READ_AT_ONCE, Place, config_text, readable, sha256_of, text_of

EXECUTABLE_MODE = 0o755
CONFIG_MODE = 0o600
# Beyond the executable itself: its config, directories and the rounding up to blocks.
ROOM = 1 << 20

Plan = collections.namedtuple('Plan', ('place', 'action', 'payload', 'config'))


def ensure(drivers: list, payloads: dict, plugin_dir: str, kubelet, check: bool, packages_are_installed: bool) -> Outcome:
    """Put every driver of state C(present) or C(previous) in its place, all or none of them.

    The fact C(published) names those that were changed, C(awaited) those whose executable has to be sent before anything is changed.
    NodeError says why a driver is refused; what was in the plugin dir then goes on working.
    """
    staying = [driver for driver in drivers if driver['state'] != 'absent']
    outcome = Outcome()
    with outcome.all_or_nothing():
        _ensure(staying, payloads, plugin_dir, kubelet, check, packages_are_installed, outcome)
    return outcome


def published(plugin_dir: str) -> list:
    """Return the DriverName of each driver in the plugin dir that this collection published."""
    directories = sorted(os.listdir(plugin_dir)) if os.path.isdir(plugin_dir) else []
    places = [Place(plugin_dir, DriverName(*name.split('~', 1))) for name in directories if '~' in name and not name.startswith('.')]
    return [place.name for place in places if os.path.isfile(place.mark) and os.lstat(place.mark).st_uid == 0]


def withdraw(drivers: list, plugin_dir: str, kubelet, check: bool, force: bool = False) -> Outcome:
    """Remove every driver of state C(absent), or raise NodeError and remove none while a pod has a volume of one, unless forced."""
    leaving = [Place(plugin_dir, driver['name']) for driver in drivers if driver['state'] == 'absent']
    found = [place for place in leaving if os.path.isdir(place.directory)]
    root_dir = kubelet.root_dir if kubelet else process.ROOT_DIR
    table = mounts.read() if leaving else []
    for place in leaving:
        _refuse_strange(place, table)
    for place in found:
        users = volumes.users(place.name.directory, root_dir)
        if users and not force:
            raise NodeError(f'The driver {place.name} is not withdrawn because pods have volumes of it: {", ".join(users)}; '
                            'delete these pods first, or set force to leave their volumes to you.')
    outcome = Outcome(withdrawn=[str(place.name) for place in found])
    for place in found:
        outcome.note(place.directory, f'state: present\n{_listing(place.directory)}', 'state: absent\n')
        if not check:
            _remove(place)
    return outcome


def _ensure(drivers: list, payloads: dict, plugin_dir: str, kubelet, check: bool, packages_are_installed: bool, outcome: Outcome):
    table = mounts.read()
    plans = [_plan(driver, payloads.get(driver['name']), plugin_dir, table) for driver in drivers]
    outcome.facts.update(
        published=[str(plan.place.name) for plan in plans if plan.action != 'nothing'],
        awaited=[str(plan.place.name) for plan in plans if plan.action == 'publish' and plan.payload and not plan.payload.arrived])
    if any(plan.action == 'publish' for plan in plans):
        _refuse_unwritable(plugin_dir, sum(plan.payload.size for plan in plans if plan.action == 'publish' and plan.payload), table)
    for driver in drivers:
        _check_requirements(driver, kubelet, packages_are_installed, outcome)
    leftovers = _leftovers(plugin_dir)
    for leftover in leftovers:
        outcome.note(leftover, 'state: left by a run that was killed\n', 'state: absent\n')
    for driver, plan in zip(drivers, plans):
        _note(plan, outcome)
        if driver['state'] == 'previous' and plan.action == 'nothing':
            outcome.warnings.append(f'The driver {plan.place.name} has no previous version on this node, so it stays as it is: what a driver replaced is kept '
                                    'until one went back to it.')
    if check or outcome.facts['awaited']:
        return

    try:
        if plans:
            files.make_directory(os.path.realpath(plugin_dir), outcome)
        for leftover in leftovers:
            shutil.rmtree(leftover)
        for plan in plans:
            if plan.action in ('publish', 'go back'):
                _stage(plan, outcome)
                _refuse_failing(plan.place, kubelet)
        for plan in plans:
            _carry_out(plan, outcome)
    except OSError as error:
        raise NodeError(f'The drivers could not be written to {plugin_dir} ({error.strerror}): see to its file system; what was there is unchanged.') from error


def _plan(driver: dict, payload, plugin_dir: str, table: list) -> Plan:
    """Say what has to be done for one driver: publish, go back, adjust (owners and modes) or nothing."""
    place = Place(plugin_dir, driver['name'])
    _refuse_strange(place, table)
    installed = os.path.isfile(place.executable) and not os.path.islink(place.executable)
    if driver['state'] == 'previous':
        if not installed:
            raise NodeError(f'The driver {place.name} is not in {plugin_dir}, so there is no previous version to go back to: deploy it first.')
        return Plan(place, 'go back' if os.path.exists(place.previous) else 'nothing', None, text_of(place.previous_config))
    if payload is None and not installed:
        raise NodeError(f'The driver {place.name} has no src and is not in {plugin_dir}: name its src, or install it there first.')
    config = config_text(driver['config']) if payload or driver['config'] is not None else text_of(place.config)
    same = installed and (payload is None or sha256_of(place.executable) == payload.sha256) and text_of(place.config) == config
    if not same:
        return Plan(place, 'publish', payload, config)
    return Plan(place, 'nothing' if _modes_are_right(place) and (_is_marked(place) or not payload) else 'adjust', payload, config)


def _refuse_strange(place: Place, table: list):
    if os.path.lexists(place.directory) and (os.path.islink(place.directory) or not os.path.isdir(place.directory)):
        raise NodeError(f'{place.directory} is no directory, so the kubelet passes over it: remove it, then run this for the driver {place.name} again.')
    inside = mounts.below(os.path.realpath(place.directory), table)
    if inside:
        raise NodeError(f'{inside[0].path} is mounted in the directory of the driver {place.name}: unmount it first.')


def _refuse_unwritable(plugin_dir: str, size: int, table: list):
    mount = mounts.holding(plugin_dir, table)
    if 'ro' in mount.options:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which is mounted read-only: give the kubelet a --volume-plugin-dir on a '
                        'writable file system, for example /var/lib/kubelet/volumeplugins, restart it, and deploy again.')
    if 'noexec' in mount.options:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which is mounted noexec: remount it, or give the kubelet another '
                        '--volume-plugin-dir.')
    space = os.statvfs(mount.path)
    if space.f_bavail * space.f_frsize < size + ROOM:
        raise NodeError(f'The plugin dir {plugin_dir} lies on {mount.path}, which has {space.f_bavail * space.f_frsize} bytes free of the '
                        f'{size + ROOM} that publishing needs: free some.')


def _check_requirements(driver: dict, kubelet, packages_are_installed: bool, outcome: Outcome):
    missing = [command for command in driver['requires'] if not process.which(command, kubelet)]
    if not missing:
        return
    problem = f'The driver {driver["name"]} requires {", ".join(missing)}, not found on the kubelet\'s PATH'
    if driver['packages'] and not packages_are_installed:
        outcome.warnings.append(f'{problem} yet: its packages are not installed in check mode.')
        return
    raise NodeError(f'{problem}: install it, or list the package in packages; the driver is not published.')


def _refuse_failing(place: Place, kubelet):
    verdict = callout.init(place.staging.executable, process.callout_environment(kubelet))
    if verdict.status != 'Success' or verdict.defect:
        raise NodeError(f'The driver {place.name} is not published because its init fails: {(verdict.defect or verdict.message).rstrip(".")}. '
                        'Mend the driver, its config or its requirements; what was in the plugin dir is unchanged.')


def _stage(plan: Plan, outcome: Outcome):
    staging = plan.place.staging
    for functions in (outcome.undo, outcome.cleanup):
        functions.append(lambda: shutil.rmtree(staging.directory, ignore_errors=True))
    os.mkdir(staging.directory, 0o700)
    if plan.payload:
        _write(staging.executable, plan.payload.write, EXECUTABLE_MODE)
        _mark(staging)
    else:
        source = plan.place.previous if plan.action == 'go back' else plan.place.executable
        _write(staging.executable, lambda descriptor: _copy(source, descriptor), EXECUTABLE_MODE)
    if plan.config:
        _write(staging.config, lambda descriptor: os.write(descriptor, plan.config.encode('utf-8', 'surrogateescape')), CONFIG_MODE)
    os.chown(staging.directory, 0, 0)
    os.chmod(staging.directory, files.DIRECTORY_MODE)
    files.sync(staging.directory)


def _carry_out(plan: Plan, outcome: Outcome):
    place = plan.place
    if plan.action == 'nothing':
        return
    if plan.action == 'adjust':
        _adjust(plan)
    elif os.path.isdir(place.directory):
        _replace(place, plan.action == 'go back', outcome)
    else:
        os.rename(place.staging.directory, place.directory)
        outcome.undo.append(lambda: _remove(place))
    files.sync(place.plugin_dir)


def _replace(place: Place, going_back: bool, outcome: Outcome):
    """Put the staged files over the present ones, which are kept. The config goes first, so that the new executable never reads the old one."""
    staging = place.staging
    if going_back:
        outcome.cleanup.append(lambda: _drop_previous(place))
    if going_back or _is_kept(place):
        # The previous version stays what it is: a run that is killed can be done again.
        _keep((place.config, place.executable), (staging.previous_config, staging.previous), outcome)
    else:
        _keep((place.previous_config, place.previous), (staging.previous_config, staging.previous), outcome)
        _keep((place.config, place.executable), (place.previous_config, place.previous), outcome)
    if os.path.exists(staging.mark) and not _is_marked(place):
        os.rename(staging.mark, place.mark)
        outcome.undo.append(lambda: files.unlink(place.mark))
    files.move_over(staging.config, place.config)
    os.rename(staging.executable, place.executable)
    os.chown(place.directory, 0, 0)
    os.chmod(place.directory, files.DIRECTORY_MODE)
    files.sync(place.directory)


def _is_kept(place: Place) -> bool:
    """Say whether a run that was killed has already kept the present executable, and maybe replaced its config."""
    return os.path.exists(place.previous) and os.path.samefile(place.executable, place.previous)


def _keep(paths: tuple, under: tuple, outcome: Outcome):
    """Give files second names, from which they come back when the Outcome is taken back; what is missing will be missing again."""
    for path, name in zip(paths, under):
        files.link_over(path, name)
        outcome.undo.append(lambda path=path, name=name: files.move_over(name, path))


def _drop_previous(place: Place):
    files.unlink(place.previous)
    files.unlink(place.previous_config)


def _remove(place: Place):
    """Take the executable away first: the kubelet then unloads the driver, where a renamed directory would make it retry for ever."""
    files.unlink(place.executable)
    shutil.rmtree(place.directory)
    shutil.rmtree(place.cache, ignore_errors=True)


def _adjust(plan: Plan):
    for path, mode in _modes(plan.place):
        os.chown(path, 0, 0)
        os.chmod(path, mode)
    if plan.payload and not _is_marked(plan.place):
        _mark(plan.place)


def _mark(place: Place):
    _write(place.mark, lambda descriptor: os.write(descriptor, b'Published by the Ansible collection nodeops.flexvolume.\n'), CONFIG_MODE)


def _is_marked(place: Place) -> bool:
    return os.path.lexists(place.mark)


def _modes(place: Place) -> list:
    modes = [(place.directory, files.DIRECTORY_MODE), (place.executable, EXECUTABLE_MODE)]
    return modes + [(place.config, CONFIG_MODE)] if os.path.exists(place.config) else modes


def _modes_are_right(place: Place) -> bool:
    statuses = [(os.stat(path), mode) for path, mode in _modes(place)]
    return all((status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, mode) for status, mode in statuses)


def _leftovers(plugin_dir: str) -> list:
    names = sorted(os.listdir(plugin_dir)) if os.path.isdir(plugin_dir) else []
    return [os.path.join(plugin_dir, name) for name in names if name.startswith(PREFIX)]


def _note(plan: Plan, outcome: Outcome):
    place = plan.place
    if plan.action == 'nothing':
        return
    if plan.action == 'adjust':
        outcome.note(place.executable, 'owner, mode or mark: not as published\n', 'owner: 0\ngroup: 0\nmode: "0755"\n')
        return
    before = _shown(place.executable)
    if plan.payload:
        after = str(plan.payload) if before else plan.payload.summary
    else:
        after = _shown(place.previous if plan.action == 'go back' else place.executable)
    outcome.note(place.executable, before, after)
    outcome.note_file(place.config, text_of(place.config), plan.config)
    # Two binaries of one checksum but a changed directory leave the texts equal.
    outcome.changed = True


def _shown(path: str) -> str:
    try:
        with open(path, 'rb') as source:
            content = source.read(READ_AT_ONCE + 1)
    except FileNotFoundError:
        return ''
    return readable(content, sha256_of(path))


def _listing(directory: str) -> str:
    return ''.join(f'{name}\n' for name in sorted(os.listdir(directory)))


def _write(path: str, fill, mode: int):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fill(descriptor)
        os.fchown(descriptor, 0, 0)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: str, descriptor: int):
    with open(source, 'rb') as original, os.fdopen(os.dup(descriptor), 'wb') as copy:
        shutil.copyfileobj(original, copy, READ_AT_ONCE)
