# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import subprocess
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import loops


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists('/dev/loop-control'), reason='only root can make loop devices, and only where there are any')
def test_a_loop_device_is_found_and_detached(tmp_path):
    image = tmp_path / 'an image'
    image.write_bytes(bytes(1 << 20))
    device = subprocess.run(['losetup', '--find', '--show', str(image)], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    [found] = [loop for loop in loops.used() if loop.file == str(image)]
    assert (f'/dev/{found.name}', found.device) == (device, image.stat().st_dev)
    loops.detach(found.name)
    # Whoever else looks at the device just now, as udev does, delays it.
    deadline = time.monotonic() + 10
    while any(loop.file == str(image) for loop in loops.used()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_detaching_what_is_not_there_is_no_error():
    loops.detach('loop-that-is-not-there')
