# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import volumes


def test_without_pods_nobody_has_a_volume(tmp_path):
    assert volumes.users('acme~d', str(tmp_path)) == []
    assert volumes.users_by_driver(str(tmp_path)) == {}


def test_an_empty_volume_directory_is_no_volume(tmp_path):
    (tmp_path / 'pods' / 'uid-1' / 'volumes' / 'acme~d').mkdir(parents=True)
    assert volumes.users('acme~d', str(tmp_path)) == []


def test_users_by_driver_leaves_out_the_kubelets_own_volumes(tmp_path):
    for volume in ('1/volumes/acme~nfs/data', '2/volumes/acme~nfs/data', '2/volumes/acme~d/v', '3/volumes/kubernetes.io~empty-dir/tmp'):
        (tmp_path / 'pods' / volume).mkdir(parents=True)
    assert volumes.users_by_driver(str(tmp_path)) == {'acme~nfs': ['1', '2'], 'acme~d': ['2']}


def test_what_cannot_be_read_is_no_proof_that_nobody_has_a_volume(tmp_path):
    (tmp_path / 'pods').symlink_to('pods')
    with pytest.raises(OSError, match='symbolic links'):
        volumes.users('acme~d', str(tmp_path))


def test_a_pod_is_named_as_its_logs_are(tmp_path):
    (tmp_path / 'default_web-0_uid-1').mkdir()
    (tmp_path / 'strange').mkdir()
    assert volumes._pod_name('uid-1', str(tmp_path)) == 'default/web-0 (uid-1)'
    assert volumes._pod_name('uid-2', str(tmp_path)) == 'uid-2'


def test_a_pod_that_goes_while_its_volumes_are_counted_is_no_failure(tmp_path, monkeypatch):
    for volume in ('1/volumes/acme~d/a', '2/volumes/acme~d/b'):
        (tmp_path / 'pods' / volume).mkdir(parents=True)
    lstat = os.lstat

    def too_late(path):
        if '/1/' in path:
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(volumes.os, 'lstat', too_late)
    assert volumes.counts('acme~d', str(tmp_path)) == {'count': 2, 'oldest': volumes.iso(lstat(str(tmp_path / 'pods/2/volumes/acme~d')).st_mtime)}
