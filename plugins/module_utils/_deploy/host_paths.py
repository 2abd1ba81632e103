# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directories on a node that drivers need: made, adjusted and, on request, deleted with all that they hold."""

import collections
import grp
import os
import pwd
import re
import shutil
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

Attributes = collections.namedtuple('Attributes', ('uid', 'gid', 'mode', 'selinux_type'))


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
        for path, now, then in plans:
            outcome.note(path, _describe(now), _describe(then))
            if now != then and not check:
                _apply(path, now, then, outcome)
    return outcome


def delete(drivers: list, forbidden: list, check: bool) -> Outcome:
    """Delete the host paths of the drivers that go, with all that they hold; what a driver that stays wants, or holds or lies in such a path, is kept."""
    table = mounts.read()
    kept = _merge(drivers, lambda state: state != 'absent')
    leaving = _merge(drivers, lambda state: state == 'absent')
    doomed = [path for path in leaving
              if not any(_lies_in(path, other) or _lies_in(other, path) for other in kept)
              and not any(_lies_in(path, other) for other in leaving if other != path)
              and _may_be_deleted(path, forbidden, table)]
    outcome = Outcome()
    for path in doomed:
        outcome.note(path, 'state: directory, with all that it holds', 'state: absent')
        if not check:
            shutil.rmtree(path)
    return outcome


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
    if not path.startswith('/') or '..' in path.split('/') or '\0' in path:
        raise NodeError(f'The host path {path!r} is not absolute: write it from the root, without "..".')
    return '/' + os.path.normpath(path).strip('/')


def _plan(host_path: dict, forbidden: list, table: list):
    """Return the path, its Attributes now (None where it is missing) and those it is to have."""
    path = host_path['path']
    _refuse_forbidden(path, forbidden)
    now = _attributes(path)
    _refuse_unfit(host_path, mounts.holding(path, table))
    new = now or Attributes(0, 0, files.DIRECTORY_MODE, None)
    return path, now, Attributes(
        _number(host_path['owner'], new.uid, pwd.getpwnam, path, 'owner'),
        _number(host_path['group'], new.gid, grp.getgrnam, path, 'group'),
        _mode(host_path['mode'], new.mode, path),
        _selinux_type(host_path['selinux_type'], new.selinux_type, path))


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


def _attributes(path: str):
    """Return the directory's Attributes, or None where it is missing; raise NodeError where something other than directories leads to it."""
    step = ''
    for component in path.strip('/').split('/'):
        step = f'{step}/{component}'
        try:
            status = os.lstat(step)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(status.st_mode):
            raise NodeError(f'The host path {path} leads through the symbolic link {step}: write the path that it points to, {os.path.realpath(path)}.')
        if not stat.S_ISDIR(status.st_mode):
            raise NodeError(f'The host path {path} cannot be a directory because {step} is a file: move that away, or choose another path.')
    return Attributes(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), _label(path).split(':')[2] if _label(path) else None)


def _label(path: str) -> str:
    try:
        return os.getxattr(path, SELINUX).decode().rstrip('\0')
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


def _may_be_deleted(path: str, forbidden: list, table: list) -> bool:
    if _attributes(path) is None:
        return False
    _refuse_forbidden(path, forbidden)
    if path in SYSTEM or any(directory.startswith(path + '/') for directory in forbidden):
        raise NodeError(f'The host path {path} is a directory of the system, so delete_data is refused: delete by hand what has to go.')
    inside = mounts.below(path, table)
    if inside:
        raise NodeError(f'The host path {path} is not deleted because {inside[0].path} is mounted in it: unmount that first.')
    return True


def _apply(path: str, now, then: Attributes, outcome: Outcome):
    try:
        if now is None:
            files.make_directory(path, outcome)
        else:
            outcome.undo.append(lambda: _set(path, now))
        _set(path, then)
    except OSError as error:
        raise NodeError(f'The host path {path} could not be made as asked ({error.strerror}): see to its file system.') from error


def _set(path: str, attributes: Attributes):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(descriptor, attributes.uid, attributes.gid)
        os.fchmod(descriptor, attributes.mode)
        if attributes.selinux_type:
            label = (_label(path) or 'system_u:object_r:unlabeled_t:s0').split(':', 3)
            label[2] = attributes.selinux_type
            os.setxattr(descriptor, SELINUX, ':'.join(label).encode())
    finally:
        os.close(descriptor)


def _describe(attributes) -> str:
    if attributes is None:
        return 'state: absent\n'
    selinux = f'selinux_type: {attributes.selinux_type}\n' if attributes.selinux_type else ''
    return f'state: directory\nowner: {attributes.uid}\ngroup: {attributes.gid}\nmode: "{attributes.mode:04o}"\n{selinux}'
