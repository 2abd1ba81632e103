# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import process, watches


def test_watches_are_read_from_the_inotify_descriptors_alone(proc, tmp_path):
    status = tmp_path.stat()
    proc.add(10, ['/usr/bin/kubelet'])
    proc.watch(10, 3, [(os.makedev(259, 0x12345), 0xabcdef), (status.st_dev, status.st_ino)])
    proc.watch(10, 4, [(1, 1)], target='/dev/null')
    kubelet = process.running(proc.path)
    assert watches.of(kubelet) == {(os.makedev(259, 0x12345), 0xabcdef), (status.st_dev, status.st_ino)}
    assert watches.on(kubelet, str(tmp_path))
    assert not watches.on(kubelet, str(tmp_path / 'proc'))
    assert not watches.on(kubelet, str(tmp_path / 'missing'))


def test_watches_names_the_file_system_where_stat_names_a_subvolume(proc, tmp_path, monkeypatch):
    proc.add(10, ['/usr/bin/kubelet'])
    proc.watch(10, 3, [(os.makedev(0, 99), tmp_path.stat().st_ino)])
    monkeypatch.setattr(watches, 'device_of_mount', lambda path: os.makedev(0, 99))
    assert watches.on(process.running(proc.path), str(tmp_path))
