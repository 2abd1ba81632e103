# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import pathlib
import tempfile

import pytest

MEMORY = '/dev/shm'


@pytest.fixture
def tmp_path():
    """A directory in memory, where that can be had: what is killed at each step waits for a disk at each, and none of it is about the loss of power."""
    usable = os.path.isdir(MEMORY) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    with tempfile.TemporaryDirectory(dir=MEMORY if usable else None) as directory:
        yield pathlib.Path(directory)
