# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directories on a node that drivers need: made, adjusted and, on request, deleted with all that they hold."""

import collections
import contextlib
import grp
import os
import pwd
import re
import stat

from .._outcome import NodeError, Outcome
from .._system import files, mounts

SELINUX = 'security.selinux'
# The id of one more is -1, which chown(2) takes for "leave it".
LARGEST_ID = (1 << 32) - 2
UNITS = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}
SYSTEM = frozenset((
    '/', '/bin', '/boot', '/dev', '/etc', '/home', '/lib', '/lib64', '/mnt', '/opt', '/proc', '/root', '/run', '/sbin', '/srv', '/sys', '/tmp', '/usr',
    '/usr/lib', '/usr/libexec', '/var', '/var/lib', '/var/log', '/var/run', '/var/tmp'))
# Of these, some are there for a file system of one's own.
FOR_MOUNTS = frozenset(('/mnt', '/opt', '/srv'))

Attributes = collections.namedtuple('Attributes', ('uid', 'gid', 'mode', 'selinux_type'))
# C(identity) is that of the directory that was looked at, None where there was none: it is the one that is changed, or nothing is.
Plan = collections.namedtuple('Plan', ('path', 'identity', 'now', 'then'))


def ensure(drivers: list, forbidden: list, check: bool) -> Outcome:
    """Make the host paths of the drivers that stay, all or none of them.

    C(forbidden) are directories at and below which no host path may lie. Everything is examined before anything is changed; NodeError says
    what is wrong with which path.
    """
    table = mounts.read()
    wanted = _merge(drivers, lambda state: state != 'absent')
    plans = [_plan(host_path, forbidden, table) for host_path in wanted.values()]
    outcome = Outcome(host_paths=sorted(wanted))
    with outcome.all_or_nothing():
        for plan in plans:
            outcome.note(plan.path, _describe(plan.now), _describe(plan.then))
            if plan.now != plan.then and not check:
                _apply(plan, outcome)
    return outcome


def delete(drivers: list, forbidden: list, check: bool) -> Outcome:
    """Delete the host paths of the drivers that go, with all that they hold; what a driver that stays wants, or holds or lies in such a path, is kept."""
    table = mounts.read()
    kept = _merge(drivers, lambda state: state != 'absent')
    leaving = _merge(drivers, lambda state: state == 'absent')
    unwanted = [path for path in leaving
                if not any(_lies_in(path, other) or _lies_in(other, path) for other in kept)
                and not any(_lies_in(path, other) for other in leaving if other != path)]
    doomed = [(path, identity) for path in unwanted for identity in [_may_be_deleted(path, forbidden, table)] if identity]
    outcome = Outcome()
    for path, identity in doomed:
        outcome.note(path, 'state: directory, with all that it holds', 'state: absent')
        if not check:
            _delete(path, identity)
    return outcome


def remembered(driver: dict, table: list) -> list:
    """Return the driver's host paths as the node keeps them for later, each with the mount on which it lies now."""
    entries = _merge([driver], lambda state: True).values()
    return [dict(entry, min_free=None, min_free_inodes=None, mount=mounts.holding(entry['path'], table).path) for entry in entries]


def astray(remembered_paths: list, table: list) -> list:
    """Return those of the remembered host paths whose mount is not there, so that a driver would write to the disk below it."""
    return [entry for entry in remembered_paths if entry['mount'] != '/' and not mounts.at(entry['mount'], table)]


def describe(remembered_paths: list, table: list) -> list:
    """Return of each remembered host path where it lies, on which mount it is to lie, and whether either is there."""
    lost = astray(remembered_paths, table)
    return [{'path': entry['path'], 'mount': entry['mount'], 'mounted': entry not in lost, 'exists': os.path.isdir(entry['path'])}
            for entry in remembered_paths]


def restore(remembered_paths: list):
    """Make those of the remembered host paths again that are gone, as those below /run are after a boot; raise NodeError where their mount is not there."""
    table = mounts.read()
    for entry in astray(remembered_paths, table):
        raise NodeError(f'the host path {entry["path"]} lay on {entry["mount"]}, where nothing is mounted now: mount it, or deploy the driver again if it is '
                        f'to lie on {mounts.holding(entry["path"], table).path} from now on.')
    missing = [{key: value for key, value in entry.items() if key != 'mount'} for entry in remembered_paths if not os.path.isdir(entry['path'])]
    ensure([{'state': 'present', 'host_paths': missing}], [], check=False)


def _lies_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip('/') + '/')


def _merge(drivers: list, wanted) -> dict:
    merged = {}
    for host_path in (entry for driver in drivers if wanted(driver['state']) for entry in driver['host_paths']):
        path = _normal(host_path['path'])
        entry = dict(host_path, path=path)
        if merged.setdefault(path, entry) != entry:
            raise NodeError(f'Two drivers want the host path {path} with different settings: give both the same owner, group, mode and limits.')
    return merged


def _normal(path: str) -> str:
    if not path.startswith('/') or '..' in path.split('/'):
        raise NodeError(f'The host path {path!r} is not absolute: write it from the root, without "..".')
    # It stands in unit files too, where a line is a setting.
    if re.search('[\0-\x1f\x7f]', path):
        raise NodeError(f'The host path {path!r} holds a control character, such as the end of a line: write it without.')
    return '/' + os.path.normpath(path).strip('/')


def _plan(host_path: dict, forbidden: list, table: list) -> Plan:
    """Say what the path is now (None where it is missing) and what it is to be."""
    path = host_path['path']
    _refuse_forbidden(path, forbidden)
    identity, now = _look_at(path)
    _refuse_unfit(host_path, mounts.holding(path, table))
    new = now or Attributes(0, 0, files.DIRECTORY_MODE, None)
    then = Attributes(
        _number(host_path['owner'], new.uid, pwd.getpwnam, path, 'owner'),
        _number(host_path['group'], new.gid, grp.getgrnam, path, 'group'),
        _mode(host_path['mode'], new.mode, path),
        _selinux_type(host_path['selinux_type'], new.selinux_type, path))
    if now and then != now and path in SYSTEM - FOR_MOUNTS:
        raise NodeError(f'The host path {path} is a directory of the system, which others need as it is: choose a directory in it, or leave out owner, group, '
                        'mode and selinux_type.')
    return Plan(path, identity, now, then)


def _refuse_forbidden(path: str, forbidden: list):
    for directory in forbidden:
        if _lies_in(path, directory):
            raise NodeError(f'The host path {path} lies in {directory}, which the kubelet manages and cleans: choose a directory outside it.')


def _refuse_unfit(host_path: dict, mount: mounts.Mount):
    path = host_path['path']
    if host_path['own_mount'] and mount.path == '/':
        raise NodeError(f'The host path {path} lies on the root file system, though own_mount is asked for: mount its file system first.')
    if 'ro' in mount.options:
        raise NodeError(f'The host path {path} lies on {mount.path}, which is mounted read-only: remount it, or choose another path.')
    if host_path['exec'] and 'noexec' in mount.options:
        raise NodeError(f'The host path {path} lies on {mount.path}, which is mounted noexec: remount it, or choose another path.')
    space = os.statvfs(mount.path)
    free = space.f_bavail * space.f_frsize
    least = _bytes(host_path['min_free'], path)
    if free < least:
        raise NodeError(f'The file system of the host path {path}, {mount.path}, has {free} bytes free, less than the {least} of min_free: free some.')
    # File systems without a fixed inode table, btrfs for one, report none at all.
    if space.f_files and space.f_favail < (host_path['min_free_inodes'] or 0):
        raise NodeError(f'The file system of the host path {path}, {mount.path}, has {space.f_favail} inodes free, '
                        f'fewer than the {host_path["min_free_inodes"]} of min_free_inodes: delete files there.')


def _look_at(path: str) -> tuple:
    """Return the identity and the Attributes of a directory, None for both where it is missing."""
    try:
        with _opened(path) as descriptor:
            return files.identity(descriptor), _attributes(descriptor)
    except FileNotFoundError:
        return None, None


@contextlib.contextmanager
def _opened(path: str):
    """Give a descriptor of the directory; raise NodeError where something other than directories leads to it."""
    try:
        with files.opened(path) as descriptor:
            yield descriptor
    except NotADirectoryError as error:
        if os.path.islink(error.filename):
            raise NodeError(f'The host path {path} leads through the symbolic link {error.filename}: write the path that it points to'
                            f'{_meant(path)}.') from error
        raise NodeError(f'The host path {path} cannot be a directory because {error.filename} is a file: move that away, or choose another path.') from error


def _meant(path: str) -> str:
    try:
        return f', {os.path.realpath(path)}'
    except OSError:
        return ''  # Somebody exchanges it while we look.


def _attributes(descriptor: int) -> Attributes:
    status, label = os.fstat(descriptor), _label(descriptor)
    return Attributes(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), label.split(':')[2] if label else None)


def _label(descriptor: int) -> str:
    try:
        return os.getxattr(descriptor, SELINUX).decode().rstrip('\0')
    except OSError:
        return ''


def _number(wanted, current: int, look_up, path: str, kind: str) -> int:
    if wanted is None:
        return current
    if re.fullmatch('[0-9]{1,10}', wanted) and int(wanted) <= LARGEST_ID:
        return int(wanted)
    try:
        return look_up(wanted)[2]
    except (KeyError, ValueError) as error:
        raise NodeError(f'The {kind} {wanted!r} of the host path {path} is not known on this node: create it first, or give its number.') from error


def _mode(wanted, current: int, path: str) -> int:
    if wanted is None:
        return current
    if not re.fullmatch('0?[0-7]{3,4}', wanted):
        raise NodeError(f'The mode {wanted!r} of the host path {path} is not octal: write it as four digits in quotes, for example "0755".')
    return int(wanted, 8)


def _selinux_type(wanted, current, path: str):
    if wanted is None:
        return current
    if not os.path.isdir('/sys/fs/selinux'):
        raise NodeError(f'The host path {path} asks for the SELinux type {wanted}, but SELinux is off on this node: leave selinux_type out.')
    return wanted


def _bytes(text, path: str) -> int:
    match = re.fullmatch(r'([0-9]+)([KMGT]?)', text or '0')
    if not match:
        raise NodeError(f'The min_free {text!r} of the host path {path} is no size: write bytes, or a number with K, M, G or T.')
    return int(match.group(1)) * UNITS[match.group(2)]


def _may_be_deleted(path: str, forbidden: list, table: list):
    """Return the identity of a directory that may be deleted, None where it is missing."""
    identity, _now = _look_at(path)
    if identity is None:
        return None
    _refuse_forbidden(path, forbidden)
    if path in SYSTEM or any(directory.startswith(path + '/') for directory in forbidden):
        raise NodeError(f'The host path {path} is a directory of the system, so delete_data is refused: delete by hand what has to go.')
    _refuse_mounted(path, table)
    return identity


def _refuse_mounted(path: str, table: list):
    inside = mounts.below(path, table)
    if inside:
        raise NodeError(f'The host path {path} is not deleted because {inside[0].path} is mounted in it: unmount that first.')


def _delete(path: str, identity: tuple):
    _refuse_mounted(path, mounts.read())
    try:
        files.remove_tree(path, identity)
    except OSError as error:
        raise NodeError(f'The host path {path} could not be deleted altogether, because of {error.filename} ({error.strerror}): see to that, then run this '
                        'again.') from error


def _apply(plan: Plan, outcome: Outcome):
    identity = plan.identity
    try:
        if plan.now is None:
            identity = files.make_directory(plan.path, outcome)
        else:
            outcome.undo.append(lambda: _set(plan.path, identity, plan.now))
        _set(plan.path, identity, plan.then)
    except OSError as error:
        raise NodeError(f'The host path {plan.path} could not be made as asked ({error.strerror}): see to its file system.') from error


def _set(path: str, identity: tuple, attributes: Attributes):
    """Give the directory its attributes, all of them through one descriptor, if it is the one that was looked at."""
    with _opened(path) as descriptor:
        if files.identity(descriptor) != identity:
            raise NodeError(f'The host path {path} was exchanged for another directory while this ran: see who may write in {os.path.dirname(path)}.')
        os.fchown(descriptor, attributes.uid, attributes.gid)
        os.fchmod(descriptor, attributes.mode)
        if attributes.selinux_type:
            label = (_label(descriptor) or 'system_u:object_r:unlabeled_t:s0').split(':', 3)
            label[2] = attributes.selinux_type
            os.setxattr(descriptor, SELINUX, ':'.join(label).encode())


def _describe(attributes) -> str:
    if attributes is None:
        return 'state: absent\n'
    selinux = f'selinux_type: {attributes.selinux_type}\n' if attributes.selinux_type else ''
    return f'state: directory\nowner: {attributes.uid}\ngroup: {attributes.gid}\nmode: "{attributes.mode:04o}"\n{selinux}'
