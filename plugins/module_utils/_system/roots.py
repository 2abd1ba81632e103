# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths as a process in a mount namespace of its own sees them, and as the node does."""

import os

from . import mounts


def read(path: str, root: str = '/', most: int = -1):
    """Return the text of the file below C(root), of which C(most) characters at most, or None where it cannot be read."""
    try:
        with open(below(root, path), encoding='utf-8', errors='surrogateescape') as file:
            return file.read(most)
    except OSError:
        return None


def link(path: str):
    """Return the symlink's target, or None where there is none to read."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def below(root: str, path: str) -> str:
    """Return where an absolute path lies under another root directory."""
    return path if root == '/' else root.rstrip('/') + '/' + path.lstrip('/')


def listing(directory: str) -> list:
    """Return the names in the directory, none where it cannot be read."""
    try:
        return os.listdir(directory)
    except OSError:
        return []


def is_empty(directory: str) -> bool:
    """Say whether a directory holds nothing, or cannot be read; of a tenant's, which may hold millions of names, without a list of them."""
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def hidden_directories(directory: str) -> list:
    """Return the paths of the hidden directories in a directory, where drivers keep their records."""
    paths = [os.path.join(directory, name) for name in sorted(listing(directory)) if name.startswith('.')]
    return [path for path in paths if os.path.isdir(path) and not os.path.islink(path)]


def identity(path: str):
    """Return (st_dev, st_ino), which name one file whatever path leads to it, or None."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def mount_flags(path: str) -> int:
    """Return the mount flags (os.ST_RDONLY, os.ST_NOEXEC, …) that hold at the path, which need not exist yet."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.statvfs(path).f_flag


def candidates(path: str, pid: int) -> list:
    """Return where the directory that a process calls C(path) may lie on the node: on each mount of the same file system.

    Of overlays, which are all named alike, only the node's own root counts: the others are containers' layers and go with them.
    """
    inside = mounts.holding(path, mounts.read(pid))
    part = os.path.normpath(os.path.join(inside.root, os.path.relpath(path, inside.path)))
    return [os.path.normpath(os.path.join(mount.path, os.path.relpath(part, mount.root))) for mount in mounts.read()
            if (mount.fs_type, mount.source) == (inside.fs_type, inside.source) and (inside.fs_type != 'overlay' or mount.path == '/')
            and (part + '/').startswith(mount.root.rstrip('/') + '/')]


def resolved(path: str, root: str) -> str:
    """Return the real path below another root: a symlink's absolute target there means that root, where the kernel would take ours."""
    if root == '/':
        return path
    todo, done, links = path.split('/'), [], 0
    while todo:
        part = todo.pop(0)
        if part in ('', '.'):
            continue
        if part == '..':
            done = done[:-1]
            continue
        target = link(below(root, '/'.join(done + [part])))
        if target is None or links > 40:
            done.append(part)
            continue
        links += 1
        todo = target.split('/') + todo
        done = [] if target.startswith('/') else done
    return below(root, '/'.join(done))
