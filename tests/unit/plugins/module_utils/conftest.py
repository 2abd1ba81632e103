# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import pathlib

import pytest


@pytest.fixture
def renamed(monkeypatch):
    """Return what is renamed; a file that was not brought to the disk before fails the test, as a power cut would leave it empty in its place."""
    fsync, rename, on_disk, paths = os.fsync, os.rename, set(), []

    def state(status):
        return status.st_ino, status.st_size, status.st_mtime_ns

    def recording(descriptor):
        fsync(descriptor)
        on_disk.add(state(os.fstat(descriptor)))

    def checking(source, target):
        files = [path for path in (pathlib.Path(source), *pathlib.Path(source).rglob('*')) if path.is_file()]
        assert [path for path in files if state(path.stat()) not in on_disk] == []
        paths.append(target)
        rename(source, target)

    monkeypatch.setattr(os, 'fsync', recording)
    monkeypatch.setattr(os, 'rename', checking)
    return paths
