# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for a kubelet: watches its plugin dir and the driver directories there, as it starts, and then waits."""

import ctypes
import os
import signal
import sys

CREATE_AND_ATTRIB = 0x104

plugin_dir = [word.partition('=')[2] for word in sys.argv if word.startswith('--volume-plugin-dir=')][-1]
libc = ctypes.CDLL(None)
descriptor = libc.inotify_init()
for directory, _directories, _files in os.walk(plugin_dir):
    libc.inotify_add_watch(descriptor, directory.encode(), CREATE_AND_ATTRIB)
signal.pause()
