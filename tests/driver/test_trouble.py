# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A full disk, a read-only base, no base, a base on a symlink: a clear message for the kubelet, and nothing half-made."""

import json
import subprocess

import pytest


def mount_small(path, options: str):
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'mode=0700,{options}', 'tmpfs', path], check=True)


@pytest.fixture
def refused(node):
    """Mount a volume, expect a refusal that leaves nothing behind, and return its message."""
    def call(**options) -> str:
        before = node.left_in_base(), node.mounts()
        answer = node.mount('u1', **options)
        assert (answer.status, answer.exit_status) == ('Failure', 1)
        assert str(node.base) in answer.message
        assert (node.left_in_base(), node.mounts()) == before
        return answer.message

    return call


def test_no_blocks_left(node, refused):
    mount_small(node.base, 'size=64k')
    (node.base / 'filler').write_bytes(bytes(64 << 10))
    assert 'No space left on device' in refused()
    (node.base / 'filler').unlink()
    assert node.mount('u1').status == 'Success'


@pytest.mark.parametrize('inodes', range(2, 9))
def test_no_inodes_left(node, refused, inodes):
    mount_small(node.base, f'nr_inodes={inodes}')
    (node.base / 'filler').touch()
    for number in range(1, 9):
        if node.mount('u1').status == 'Success':
            break
        assert 'No space left on device' in refused()
        subprocess.run(['mount', '-o', f'remount,nr_inodes={inodes + number}', node.base], check=True)
    assert node.mounts()[1:] == [str(node.mount_dir('u1'))]


def test_full_at_unmount_is_no_reason_to_keep_a_pod(make_node):
    node = make_node(retention='delete')
    mount_small(node.base, 'size=64k')
    node.mount('u1')
    with pytest.raises(OSError, match='No space left'):
        (node.mount_dir('u1') / 'filler').write_bytes(bytes(128 << 10))
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == [str(node.base)]
    assert node.left_in_base() == []


def test_no_room_for_an_image(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='64Mi')
    mount_small(node.base, 'size=256k')
    answer = node.mount('u1')
    assert answer.status == 'Failure'
    assert 'mkfs.ext4' in answer.message
    assert node.left_in_base() == []
    assert node.loops() == []


def test_read_only_base(node, refused):
    mount_small(node.base, 'ro')
    assert 'Read-only file system' in refused()


def test_a_base_that_turned_read_only_gives_no_writable_mount(node):
    node.mount('u1')
    node.unmount('u1')
    subprocess.run(['mount', '--bind', node.base, node.base], check=True)
    subprocess.run(['mount', '-o', 'remount,bind,ro', node.base], check=True)
    answer = node.mount('u1')
    assert answer.status == 'Failure'
    assert 'Read-only file system' in answer.message
    assert node.mounts() == [str(node.base)]


def test_unmount_from_a_read_only_base(node):
    mount_small(node.base, 'size=1m')
    node.mount('u1')
    subprocess.run(['mount', '-o', 'remount,ro', node.base], check=True)
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == [str(node.base)]


def test_missing_base(node, refused):
    node.base.rmdir()
    assert 'does not exist' in refused()
    assert not node.base.exists()


@pytest.mark.parametrize('link', ['base', '.'])
def test_base_on_a_symlink(node, refused, link):
    alias = node.root / 'alias'
    alias.symlink_to(node.root / link)
    node.configure(base=str(alias if link == 'base' else alias / 'base'))
    node.base = alias if link == 'base' else alias / 'base'
    assert 'symbolic link' in refused()


def test_a_base_that_is_a_file(node, refused):
    node.base.rmdir()
    node.base.touch()
    assert 'Not a directory' in refused()


def test_no_mount_dir(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi', by_pod=True)
    mount_dir = node.mount_dir('u1')
    mount_dir.rmdir()
    answer = node.call('mount', mount_dir, json.dumps(node.options('u1')))
    assert answer.status == 'Failure'
    assert str(mount_dir) in answer.message
    assert node.mounts() == []
    assert node.left_in_base() == []


def test_a_failure_keeps_the_data_of_an_earlier_mount(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi')
    mount_dir = node.mount_dir('u1')
    node.mount('u1')
    (mount_dir / 'file').write_text('data')
    node.unmount('u1')
    (node.base / '.state/u1/logs').unlink()
    mount_dir.rmdir()
    assert node.call('mount', mount_dir, json.dumps(node.options('u1'))).status == 'Failure'
    assert node.mount('u1').status == 'Success'
    assert (mount_dir / 'file').read_text() == 'data'
    assert node.unmount('u1').status == 'Success'
