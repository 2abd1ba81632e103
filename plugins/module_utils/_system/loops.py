# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loop devices (loop(4))."""

import collections
import contextlib
import fcntl
import struct

from . import roots

LOOP_CLR_FD, LOOP_GET_STATUS64 = 0x4C01, 0x4C05
BLOCKS = '/sys/block'

# file: its path as the kernel shows it, device: the st_dev of the file system on which it lies.
Loop = collections.namedtuple('Loop', ('name', 'file', 'device'))


def used() -> list:
    """Return the loop devices that have a file; none where there is no /sys, as in a chroot."""
    found = []
    for name in sorted(name for name in roots.listing(BLOCKS) if name.startswith('loop')):
        with contextlib.suppress(OSError), open(f'{BLOCKS}/{name}/loop/backing_file', encoding='utf-8', errors='surrogateescape') as text:
            with open(f'/dev/{name}', 'rb') as device:
                status = bytearray(232)
                fcntl.ioctl(device, LOOP_GET_STATUS64, status)
            found.append(Loop(name, text.read().rstrip('\n'), struct.unpack_from('Q', status)[0]))
    return found


def detach(name: str):
    """Take the file from a loop device; a busy one loses it once nobody uses it."""
    with contextlib.suppress(OSError), open(f'/dev/{name}', 'rb') as device:
        fcntl.ioctl(device, LOOP_CLR_FD)
