# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mounts that a process sees, read from /proc/PID/mountinfo (proc_pid_mountinfo(5))."""

import collections
import ctypes
import os
import re

MNT_DETACH = 2

Mount = collections.namedtuple('Mount', ('mount_id', 'root', 'path', 'options', 'fs_type', 'source'))


def read(pid='self', proc: str = '/proc', naming: str = '', without: str = '\n\n') -> list:
    """Return every Mount that the process sees, in the order in which they were mounted.

    With C(naming), a text of letters and digits, only those that bear it somewhere, and with C(without) only those that do not bear that:
    a node has thousands, and to parse them is what takes time.
    """
    with open(f'{proc}/{pid}/mountinfo', encoding='utf-8', errors='surrogateescape', newline='\n') as table:
        return [parse(line) for line in table if naming in line and without not in line]


def parse(line: str) -> Mount:
    """Read one line of mountinfo. A file system that is read-only, for one because it met an error, makes its mounts so."""
    fields, _separator, rest = line.rstrip('\n').partition(' - ')
    mount_id, _parent, _device, root, path, options = fields.split(' ')[:6]
    fs_type, source, of_file_system = rest.split(' ')[:3]
    flags = frozenset(options.split(',') + (['ro'] if 'ro' in of_file_system.split(',') else []))
    return Mount(int(mount_id), _unescape(root), _unescape(path), flags, fs_type, _unescape(source))


def at(path: str, mounts: list) -> list:
    """Return the mounts whose mount point is exactly C(path); more than one means that they are stacked."""
    return [mount for mount in mounts if mount.path == path]


def below(path: str, mounts: list) -> list:
    """Return the mounts whose mount point is C(path) or lies under it."""
    prefix = path.rstrip('/') + '/'
    return [mount for mount in mounts if mount.path == path or mount.path.startswith(prefix)]


def elsewhere(path: str) -> list:
    """Return where else that is mounted which is mounted at C(path): the same directory of the same file system."""
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape', newline='\n') as table:
        rows = [(device, root, _unescape(where)) for device, root, where in (line.split(' ', 5)[2:5] for line in table)]
    here = [row[:2] for row in rows if row[2] == path][-1:]
    return [row[2] for row in rows if row[:2] in here and row[2] != path]


def holding(path: str, mounts: list) -> Mount:
    """Return the mount on which C(path), which need not exist yet, lies."""
    real = os.path.realpath(path)
    candidates = [mount for mount in mounts if real == mount.path or real.startswith(mount.path.rstrip('/') + '/')]
    if not candidates:
        return _root_of_chroot()
    longest = max(len(mount.path) for mount in candidates)
    return [mount for mount in candidates if len(mount.path) == longest][-1]


def unmount(path: str):
    """Unmount what lies on top at C(path); what is busy goes once nobody uses it."""
    libc = ctypes.CDLL(None)
    if libc.umount2(os.fsencode(path), 0) != 0:
        libc.umount2(os.fsencode(path), MNT_DETACH)


def _root_of_chroot() -> Mount:
    """Return what holds a chroot's root: mountinfo leaves it out where that is no mount point."""
    flags = os.statvfs('/').f_flag
    return Mount(0, '/', '/', frozenset(name for name, flag in (('ro', os.ST_RDONLY), ('noexec', os.ST_NOEXEC)) if flags & flag), '', '')


def _unescape(text: str) -> str:
    return re.sub(r'\\([0-7]{3})', lambda match: chr(int(match.group(1), 8)), text) if '\\' in text else text
