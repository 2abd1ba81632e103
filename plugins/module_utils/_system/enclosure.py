# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mount namespace in which the node's file systems look as they do, but nothing that is written reaches them (mount_namespaces(7)).

Each file system gets an overlay over it, whose upper layer lies in a tmpfs of the namespace; all of it goes with the last process in there.
"""

import contextlib
import ctypes
import os
import re
import stat
import tempfile

from . import mounts

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1, 0x20, 0x1000, 0x4000, 0x40000, 0x2
FLAGS = {'nosuid': 0x2, 'nodev': 0x4, 'noexec': 0x8}
# A tmpfs hides one of these while the new root is being made.
SCAFFOLDS = ('/mnt', '/media', '/tmp')
# What the kernel shows of itself stays as it is.
KERNEL = ('/proc', '/sys', '/dev')
SHARED_MEMORY = '/dev/shm'
# Containers' layers and other namespaces: no driver needs them, and a busy node has thousands.
CONTAINERS = re.compile('/(containerd|docker|containers|crio?|netns|kata-containers)/')
NOT_HELD = ('autofs', 'nsfs', 'binfmt_misc', 'rpc_pipefs', 'proc', 'sysfs', 'devpts', 'devtmpfs', 'cgroup', 'cgroup2')
# security(7) labels of a layer's root, which is what the overlay shows.
LABEL = 'security.selinux'


class Enclosure:
    """C(uncovered) are the mount points that stayed as they are, C(devices) the st_dev of all that is written in here, C(table) its first mounts."""

    def __init__(self):
        self.layers = {}
        self.uncovered = []
        self.devices = set()
        self.table = []

    def written(self) -> list:
        """Return (path, what became of it: new, changed or removed) of all that is not as it is outside, sorted; the times of a file do not count."""
        return sorted(entry for path, (upper, lower) in self.layers.items() for entry in _differences(path, upper, lower))


def enter(name: str, left_out: tuple) -> Enclosure:
    """Bring this process into an enclosure of its own; raise OSError where the kernel or a container's bounds do not let it.

    C(name) is what the mount table calls its file systems; mounts below the paths C(left_out) are not there. A failure leaves the process in
    a namespace that is half made, so that it has to end.
    """
    enclosure = Enclosure()
    _check(_libc.unshare(CLONE_NEWNS), 'unshare')
    _mount(None, '/', None, MS_REC | MS_PRIVATE)
    held = [(mount, descriptor) for mount, descriptor in ((mount, _visible(mount)) for mount in _held(left_out)) if descriptor is not None]
    scaffold = next(path for path in SCAFFOLDS if os.path.isdir(path))
    _mount(name, scaffold, 'tmpfs', 0, 'mode=0700')
    root = f'{scaffold}/root'
    os.mkdir(root)
    for mount, descriptor in held:
        target = root + mount.path.rstrip('/')
        if os.path.isdir(target) != stat.S_ISDIR(os.fstat(descriptor).st_mode) or not os.path.exists(target):
            continue
        try:
            _cover(enclosure, name, scaffold, mount, descriptor)
        except OSError:
            if mount.path == '/':
                raise
            _mount(f'/proc/self/fd/{descriptor}', target, None, MS_BIND)
            enclosure.uncovered.append(mount.path)
        if mount.path == '/':
            for path in KERNEL:
                _mount(path, root + path, None, MS_BIND | MS_REC)
    _bind_sockets(root)
    os.chdir(root)
    _check(_libc.pivot_root(b'.', b'.'), 'pivot_root')
    _check(_libc.umount2(b'.', MNT_DETACH), 'umount2')
    os.chdir('/')
    enclosure.table = mounts.read()
    return enclosure


def _held(left_out: tuple) -> list:
    """Return the mounts that the enclosure has, the root's first."""
    table = [mount for mount in mounts.read(without=left_out[0]) if mount.fs_type not in NOT_HELD]
    return [mount for mount in table if mount.path == '/'] + [
        mount for mount in table if mount.path not in KERNEL + ('/',) and not mount.path.startswith(left_out) and not CONTAINERS.search(mount.path)
        and (mount.path == SHARED_MEMORY or not mount.path.startswith(tuple(f'{path}/' for path in KERNEL)))]


def _visible(mount: mounts.Mount):
    """Return a descriptor of what is mounted, or None where another mount hides it."""
    try:
        descriptor = os.open(mount.path, os.O_PATH)
    except OSError:
        return None
    with open(f'/proc/self/fdinfo/{descriptor}', encoding='ascii') as lines:
        if f'mnt_id:\t{mount.mount_id}\n' in lines:
            return descriptor
    os.close(descriptor)
    return None


def _cover(enclosure: Enclosure, name: str, scaffold: str, mount: mounts.Mount, descriptor: int):
    """Put an overlay of the mount in its place; what is read-only, or one file, is bound read-only."""
    target = f'{scaffold}/root{mount.path.rstrip("/")}'
    status = os.fstat(descriptor)
    flags = sum(flag for option, flag in FLAGS.items() if option in mount.options)
    if not stat.S_ISDIR(status.st_mode) or ('ro' in mount.options and mount.path != '/'):
        _mount(f'/proc/self/fd/{descriptor}', target, None, MS_BIND)
        _mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | flags)
        return
    layer = f'{scaffold}/{len(enclosure.layers)}'
    upper, work = f'{layer}/upper', f'{layer}/work'
    for path in (layer, upper, work):
        os.mkdir(path)
    os.chown(upper, status.st_uid, status.st_gid)
    os.chmod(upper, stat.S_IMODE(status.st_mode))
    with contextlib.suppress(OSError):
        os.setxattr(upper, LABEL, os.getxattr(f'/proc/self/fd/{descriptor}', LABEL))
    _mount(name, target, 'overlay', flags | (MS_RDONLY if 'ro' in mount.options else 0),
           f'lowerdir=/proc/self/fd/{descriptor},upperdir={upper},workdir={work}')
    enclosure.devices.add(_device_of_files(target))
    enclosure.layers[mount.path] = (os.open(upper, os.O_PATH | os.O_DIRECTORY), descriptor)


def _device_of_files(directory: str):
    """Return the st_dev of new files, which is not that of an overlay's directories; none where none can be made."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=directory) as file:
        return os.fstat(file.fileno()).st_dev
    return None


def _bind_sockets(root: str):
    """Put the sockets that somebody listens on in place of their likenesses, to which nobody does (unix(7), overlayfs)."""
    with open('/proc/self/net/unix', encoding='utf-8', errors='surrogateescape') as table:
        paths = {line.split(' ', 7)[-1].strip() for line in table}
    for path in paths:
        if path.startswith('/'):
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.lstat(root + path).st_mode) and stat.S_ISSOCK(os.lstat(path).st_mode):
                    _mount(path, root + path, None, MS_BIND)


def _differences(mount_point: str, upper: int, lower: int) -> list:
    found = []
    for directory, directories, names, descriptor in os.fwalk('.', dir_fd=upper):
        for name in directories + names:
            path = os.path.normpath(os.path.join(directory, name))
            now, before = _status(name, descriptor), _status(path, lower)
            what = _difference(now, before)
            if what:
                found.append((os.path.join(mount_point, path), what))
    return found


def _difference(now, before) -> str:
    if now is None:
        return ''
    if stat.S_ISCHR(now.st_mode) and now.st_rdev == 0:
        return 'removed' if before else ''
    if before is None:
        return 'new'
    size = 0 if stat.S_ISDIR(now.st_mode) else now.st_size - before.st_size
    same = (now.st_mode, now.st_uid, now.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    return '' if same and not size else 'changed'


def _status(path: str, directory: int):
    try:
        return os.stat(path, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None


def _mount(source, target: str, kind, flags: int, data: str = None):
    _check(_libc.mount(*(text and os.fsencode(text) for text in (source, target, kind)), flags, data and os.fsencode(data)), f'mount {target}')


def _check(result: int, what: str):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{os.strerror(number)}, {what}')


_libc = ctypes.CDLL(None, use_errno=True)
