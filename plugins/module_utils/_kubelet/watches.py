# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What processes watch with inotify, and how much of it they may use."""

import os

from .._system.roots import identity as identity_of
from .._system.roots import link, listing, read


def descriptors(proc: str, pid) -> list:
    """Return, for each inotify descriptor of a process, the list of (device, inode) that it watches (proc_pid_fdinfo(5))."""
    found = []
    for descriptor in listing(f'{proc}/{pid}/fd'):
        if link(f'{proc}/{pid}/fd/{descriptor}') in ('anon_inode:inotify', 'anon_inode:[inotify]'):
            text = read(f'{proc}/{pid}/fdinfo/{descriptor}') or ''
            found.append([_inode(line) for line in text.split('\n') if line.startswith('inotify ')])
    return found


def of(kubelet) -> set:
    """Return the (st_dev, st_ino) of all that the kubelet's inotify descriptors watch (proc_pid_fdinfo(5))."""
    return {inode for inodes in descriptors(kubelet.proc, kubelet.pid) for inode in inodes}


def on(kubelet, path: str, inodes=None) -> bool:
    """Say whether the kubelet watches the directory; C(inodes) spares reading what of() returned before."""
    identity = identity_of(path)
    if identity is None:
        return False
    inodes = of(kubelet) if inodes is None else inodes
    return identity in inodes or (device_of_mount(path), identity[1]) in inodes


def usage(proc: str, owner: int) -> tuple:
    """Return how many inotify instances and watches the processes of one user hold: the limits are per user (inotify(7))."""
    held = [inodes for pid in listing(proc) if pid.isdigit() and _owner(f'{proc}/{pid}') == owner for inodes in descriptors(proc, pid)]
    return len(held), sum(len(inodes) for inodes in held)


def limits(proc: str) -> tuple:
    """Return how many inotify instances and watches a user may hold, None for what cannot be read."""
    texts = [read(f'{proc}/sys/fs/inotify/max_user_{kind}') for kind in ('instances', 'watches')]
    return tuple(int(text) if text else None for text in texts)


def device_of_mount(path: str) -> int:
    """Return the device of the path's file system; stat(2) names another on btrfs, where each subvolume has its own."""
    descriptor = os.open(path, os.O_PATH)
    try:
        fields = dict(line.split(':', 1) for line in (read(f'/proc/self/fdinfo/{descriptor}') or '').split('\n') if ':' in line)
    finally:
        os.close(descriptor)
    for line in (read('/proc/self/mountinfo') or '').split('\n'):
        mount_id, _parent, device = (line.split(' ') + ['', '', ''])[:3]
        if mount_id and mount_id == fields.get('mnt_id', '').strip():
            return os.makedev(*(int(number) for number in device.split(':')))
    return os.stat(path).st_dev


def _inode(line: str) -> tuple:
    """Read one C(inotify) line: both numbers are hexadecimal, the device in the kernel's own encoding, major << 20 | minor."""
    fields = dict(field.split(':', 1) for field in line.split() if ':' in field)
    device = int(fields['sdev'], 16)
    return os.makedev(device >> 20, device & 0xfffff), int(fields['ino'], 16)


def _owner(path: str):
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
