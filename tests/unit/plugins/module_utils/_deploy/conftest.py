# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import pathlib
import tempfile

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import records, touch
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._kept import GOOD, keep, put, unheld

MEMORY = '/dev/shm'


@pytest.fixture
def tmp_path():
    """A directory in memory, where that can be had: what is killed at each step waits for a disk at each, and none of it is about the loss of power."""
    usable = os.path.isdir(MEMORY) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    with tempfile.TemporaryDirectory(dir=MEMORY if usable else None) as directory:
        yield pathlib.Path(directory)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Keep records in a directory of the test's own."""
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))


@pytest.fixture
def plugins(tmp_path, monkeypatch, kept):
    """A plugin dir with one driver that is deployed, on a node with an old kubelet."""
    kubelet = Kubelet(1, 'kubelet', ['kubelet'], {}, '/var/lib/kubelet', None)
    monkeypatch.setattr(touch.process, 'search', lambda: touch.process.Search(kubelet, []))
    monkeypatch.setattr(touch.process, 'version', lambda kubelet: 'v1.20.2')
    monkeypatch.setattr(touch.lock, 'held', unheld)
    put(tmp_path / 'plugins', 'acme~d', GOOD)
    keep(tmp_path / 'plugins')
    return tmp_path / 'plugins'
