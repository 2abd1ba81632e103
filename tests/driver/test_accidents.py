# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A late disk, a wrong clock, a stuck callout, a broken file system, names without number: no data are lost, and nothing stays for ever."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mortal
import pytest
from node import ENVIRONMENT, Answer
from nodes import host
from test_driver import age

SIZED = {'layout': '{namespace}/{pod}/{uid}/{volume}', 'size': '8Mi'}


def put_on_a_disk(path: Path, kind: str, size: str = '256M', *options: str):
    """Make a file system of that kind and mount it; its image lies beside it."""
    image = path.with_suffix('.disk')
    subprocess.run(['truncate', '--size', size, image], check=True)
    subprocess.run([f'mkfs.{kind}', '-q', *options, image], check=True)
    subprocess.run(['mount', '-o', 'loop', image, path], check=True)
    path.chmod(0o700)


# ---- the kubelet's disk -----------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def late(make_node):
    """Return a node on whose kubelet's disk a pod had a volume, rebooted; the disk is not mounted yet, but its mount point has a directory pods."""
    node = make_node(retention='delete')
    kubelet = node.pods.parent
    disk = node.root / 'disk'
    disk.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', disk], check=True)
    subprocess.run(['mount', '--bind', disk, kubelet], check=True)
    node.pods.mkdir()
    assert node.mount('u1').status == 'Success'
    (node.directory('u1') / 'file').touch()
    subprocess.run(['umount', node.mount_dir('u1'), kubelet], check=True)
    assert node.pods.is_dir()
    return node


@pytest.mark.parametrize('others', [False, True])
def test_the_data_of_a_pod_while_the_kubelets_disk_is_late(late, others):
    if others:
        # From before the disk was added.
        late.mount_dir('ancient')
    answer = late.prune()
    assert (late.directory('u1') / 'file').exists()
    assert answer.exit_status == 1
    assert f'{late.pods}: it lies on {late.root}, but lay on {late.pods.parent} when the volume was mounted' in answer.output.decode()
    assert late.prune('--dry-run').output == answer.output
    # The disk comes, and the pod is still there; then it is gone.
    subprocess.run(['mount', '--bind', late.root / 'disk', late.pods.parent], check=True)
    assert late.prune() == Answer(0, b'')
    assert (late.directory('u1') / 'file').exists()
    late.forget_pod('u1')
    assert late.prune().exit_status == 0
    assert late.left_in_base() == []


def test_the_data_of_a_pod_whose_directory_is_hidden_for_a_while(make_node):
    """Its volume is mounted all the time, so whatever prune believed, it is in use."""
    node = make_node(retention='1h')
    node.mount('u1')
    age(node, 'u1/logs')
    assert node.prune() == Answer(0, b'')
    assert node.directory('u1').exists()
    assert (node.base / '.state/u1/logs').stat().st_mtime == 0


@pytest.mark.parametrize('retention', ['delete', '1h', 'retain'])
def test_a_dry_run_says_what_the_run_says(make_node, retention):
    node = make_node(retention=retention)
    for uid in ('due', 'young', 'alive', 'crashed', 'foreign'):
        node.mount(uid)
    node.configure()
    for uid in ('due', 'young'):
        node.unmount(uid)
        node.forget_pod(uid)
    age(node, 'due/logs')
    subprocess.run(['umount', node.mount_dir('crashed')], check=True)
    node.forget_pod('crashed')
    (node.base / '.state/foreign/logs').write_text('nonsense')
    node.configure(retention=retention)
    before = [(path.name, path.stat().st_mtime) for path in (node.base / '.state').glob('*/*')]
    dry = node.prune('--dry-run')
    assert [(path.name, path.stat().st_mtime) for path in (node.base / '.state').glob('*/*')] == before
    real = node.prune()
    assert real == dry._replace(output=dry.output.replace(b'would remove', b'removed'))
    assert real.output.count(b'removed /') == {'delete': 3, '1h': 1, 'retain': 0}[retention]


# ---- the base's disk --------------------------------------------------------------------------------------------------------------------------

def test_a_pod_writes_to_the_wrong_disk_where_the_right_one_is_not_mounted(node):
    with tempfile.TemporaryDirectory(prefix='dynhostpath-', dir='/') as directory:
        node.base = Path(directory) / 'base'
        node.base.mkdir(mode=0o700)
        node.configure(own_mount=True)
        sentence = f'base {node.base}: it lies on the root file system, though own_mount is set; mount its file system.'
        assert node.call('init').message == sentence
        assert node.mount('u1').message == sentence
        assert node.prune() == Answer(2, f'dynhostpath: {sentence}\n'.encode())
        assert list(node.base.iterdir()) == []
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', directory], check=True)
        node.base.mkdir(mode=0o700)
        assert node.call('init').status == 'Success'
        assert node.mount('u1').status == 'Success'
        assert node.unmount('u1').status == 'Success'
        subprocess.run(['umount', directory], check=True)


def test_a_missing_base_fails_init(node):
    node.base.rmdir()
    assert node.call('init').message.startswith(f'base {node.base}, at {node.base}: No such file or directory: it does not exist; ')


# ---- the clock --------------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('wrong', [60, 86400, time.time() + 86400 * 365])
def test_a_volume_that_ended_while_the_clock_was_wrong_has_its_time(make_node, wrong):
    node = make_node(retention='7d')
    node.mount('u1')
    node.unmount('u1')
    node.forget_pod('u1')
    os.utime(node.base / '.state/u1/logs', (wrong, wrong))
    assert node.prune() == Answer(0, b'')
    assert abs((node.base / '.state/u1/logs').stat().st_mtime - time.time()) < 600
    age(node, 'u1/logs')
    assert b'removed' in node.prune().output


# ---- somebody else's work ---------------------------------------------------------------------------------------------------------------------

def test_a_stuck_callout_keeps_prune_from_other_pods(make_node, background):
    node = make_node(retention='1h')
    for uid in ('stuck', 'u1', 'u2'):
        node.mount(uid)
        node.unmount(uid)
        node.forget_pod(uid)
        age(node, f'{uid}/logs')
    program = 'import fcntl, os, sys, time; fcntl.flock(os.open(sys.argv[1], 0), 2); print(flush=True); time.sleep(600)'
    background(sys.executable, '-c', program, node.base / '.state/stuck', stdout=subprocess.PIPE).stdout.readline()
    done = subprocess.run(node.command('prune'), stdout=subprocess.PIPE, env=ENVIRONMENT, timeout=60, text=True, check=True)
    assert 'pod stuck: a callout is at work on its volumes' in done.stdout
    assert node.records() == ['stuck/logs']


def test_an_unmount_that_can_never_succeed_ends(node):
    """In a user namespace the mounts of its parent are locked."""
    node.mount('u1')
    command = ['unshare', '--user', '--map-root-user', '--mount', *node.command('unmount', node.mount_dir('u1'))]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=ENVIRONMENT, timeout=60, check=False)
    assert json.loads(done.stdout)['status'] == 'Failure'
    assert node.unmount('u1').status == 'Success'


def test_a_cache_of_a_writer_that_was_killed_or_of_one_flipped_bit(node):
    node.call('init')
    cache, = Path('/run/nodeops~dynhostpath').iterdir()
    good = cache.read_bytes()
    before, text, after = good.rpartition(b'has no callout')
    assert text
    flipped = before + b'got no callout' + after
    cache.write_bytes(flipped)
    (cache.parent / f'{cache.name}.99999').touch()
    assert node.call('attach', '{}', 'node').message.startswith('dynhostpath has no callout')
    assert list(cache.parent.iterdir()) == [cache]
    assert cache.read_bytes() != flipped


# ---- file systems -----------------------------------------------------------------------------------------------------------------------------

def test_a_record_that_the_file_system_cannot_read_keeps_a_pod_terminating(make_node):
    node = make_node(retention='delete')
    put_on_a_disk(node.base, 'ext4', '64M', '-O', '^metadata_csum')
    node.mount('u1')
    inode = (node.base / '.state/u1/logs').stat().st_ino
    subprocess.run(['umount', node.mount_dir('u1'), node.base], check=True)
    disk = node.base.with_suffix('.disk')
    subprocess.run(['debugfs', '-w', '-R', f'set_inode_field <{inode}> extra_isize 9999', disk], stderr=subprocess.DEVNULL, check=True)
    subprocess.run(['mount', '-o', 'loop', disk, node.base], check=True)
    with pytest.raises(OSError, match='Structure needs cleaning'):
        (node.base / '.state/u1/logs').read_text()
    assert node.unmount('u1').status == 'Success'
    answer = node.prune()
    assert answer.exit_status == 1
    assert 'Structure needs cleaning' in answer.output.decode()
    assert node.directory('u1').exists()


def test_an_immutable_file_keeps_the_rest_from_nobody(make_node):
    node = make_node(retention='delete')
    put_on_a_disk(node.base, 'ext4')
    for uid in ('u1', 'u2'):
        node.mount(uid)
        for number in range(50):
            (node.mount_dir(uid) / f'{number}').mkdir()
            (node.mount_dir(uid) / f'{number}/file').touch()
    stuck = node.mount_dir('u1') / '7/file'
    subprocess.run(['chattr', '+i', stuck], check=True)
    for uid in ('u1', 'u2'):
        assert node.unmount(uid).status == 'Success'
        node.forget_pod(uid)
    answer = node.prune()
    assert answer.exit_status == 1
    assert re.fullmatch(r'\S+/base: \.trash/u1~\S+/file: Operation not permitted\n', answer.output.decode())
    files = [path for path in node.base.rglob('*') if path.is_file()]
    assert len(files) == 1
    subprocess.run(['chattr', '-i', *files], check=True)
    assert node.prune() == Answer(0, b'')
    assert [name for name in node.left_in_base() if name != 'lost+found'] == []


def test_delete_frees_at_once_on_btrfs(make_node):
    host.install('btrfs-progs')
    node = make_node(retention='delete')
    put_on_a_disk(node.base, 'btrfs')
    node.mount('u1')
    (node.mount_dir('u1') / 'deep').mkdir()
    (node.mount_dir('u1') / 'deep/file').write_bytes(bytes(1 << 20))
    assert node.unmount('u1').status == 'Success'
    assert node.left_in_base() == []


def test_a_size_that_no_file_can_have_leaves_nothing(make_node):
    node = make_node(**{**SIZED, 'size': '20Ti'})
    put_on_a_disk(node.base, 'ext4')
    answer = node.mount('u1')
    assert answer.status == 'Failure'
    assert 'File too large: its file system takes no file of that size' in answer.message
    assert node.mounts() == [str(node.base)]
    assert node.left_in_base() == ['lost+found']


# ---- names ------------------------------------------------------------------------------------------------------------------------------------

def test_the_longest_names_are_removed_as_well(make_node):
    node = make_node(retention='delete')
    uid, volume = 'u' * 200, 'v' * 200
    assert node.mount(uid, volume, **{'kubernetes.io/pod.name': 'web-0'}).status == 'Success'
    assert node.unmount(uid, volume).status == 'Success'
    assert node.left_in_base() == []


def test_names_grow_with_no_prune_that_is_killed(make_node):
    node = make_node()
    levels = 300
    os.makedirs(node.base / '.trash/u1~logs~1')
    here = os.open(node.base / '.trash/u1~logs~1', os.O_RDONLY)
    for _level in range(levels):
        os.mkdir('d', dir_fd=here)
        here, above = os.open('d', os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    for _kill in range(30):
        command = [sys.executable, mortal.__file__, '20', *node.command('prune')]
        assert subprocess.run(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT, check=False).returncode == mortal.DIED
        assert max(len(name) for name in os.listdir(node.base / '.trash')) < 128
    assert node.prune() == Answer(0, b'')
    assert node.left_in_base() == []


# In between, since a process counts the memory of the one that it was forked from as its own.
PEAK = '''
import os, sys
_pid, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)]), 0)
assert status == 0
print(usage.ru_maxrss)
'''


def peak(command: list) -> int:
    """Run a command, which must succeed, and return the kibibytes of memory that it took at most."""
    done = subprocess.run([sys.executable, '-ISc', PEAK, *command], stdout=subprocess.PIPE, env=ENVIRONMENT, check=True)
    return int(done.stdout)


def test_names_without_number_take_neither_memory_nor_an_unmounts_time(make_node, soak):
    node = make_node(retention='delete')
    count = soak(50000, 400000)
    subprocess.run(['mount', '-o', 'remount,nr_inodes=1m,size=2g', node.root], check=True)
    for uid in ('empty', 'full'):
        node.mount(uid)
    volume = node.mount_dir('full')
    for number in range(count):
        (os.mkdir if number % 10 == 0 else os.mknod)(f'{volume}/{number}')
    little = peak(node.callout('unmount', 'empty'))
    unmount = peak(node.callout('unmount', 'full'))
    assert not node.directory('full').exists()
    left = sum(1 for _path in (node.base / '.trash').rglob('*'))
    # A directory that comes to lie beside the others has been seen to, but is still there.
    assert count - 10100 < left < count - 8000
    prune = peak(node.command('prune'))
    print(f'{count} names: unmount took {unmount} KiB and prune {prune} KiB, unmount of an empty volume {little} KiB')
    assert max(unmount, prune) < little + 2048
    assert node.left_in_base() == []


# ---- what version 0.1.0 left -----------------------------------------------------------------------------------------------------------------

@pytest.fixture
def released(make_node):
    """Return a function that makes a volume as version 0.1.0 left it: mounted, with a record that does not say where the kubelet's pods lay."""
    def make(uid: str, **config):
        node = make_node(retention='delete', **config)
        directory = node.directory(uid) / 'logs' if 'size' in config else node.directory(uid)
        directory.mkdir(parents=True)
        (directory / 'file').write_text('data of 0.1.0')
        state = node.base / '.state' / uid
        state.mkdir(parents=True)
        for own in (state, state.parent):
            own.chmod(0o700)
        size = {'size': 8 << 20} if 'size' in config else {}
        (state / 'logs').write_text(json.dumps({
            'namespace': 'default', 'pod': f'pod-{uid}', 'mount_dir': str(node.mount_dir(uid)), 'directory': str(directory.relative_to(node.base)), **size}))
        os.utime(state / 'logs', (0, 0))
        subprocess.run(['mount', '--bind', directory, node.mount_dir(uid)], check=True)
        subprocess.run(['mount', '-o', 'remount,bind,nosuid,nodev', node.mount_dir(uid)], check=True)
        return node

    return make


def test_a_volume_of_0_1_0_is_mounted_again_and_unmounted(released):
    node = released('u1')
    assert node.mount('u1').status == 'Success'
    assert node.mounts() == [str(node.mount_dir('u1'))]
    assert node.prune() == Answer(0, b'')
    subprocess.run(['umount', node.mount_dir('u1')], check=True)
    assert node.mount('u1').status == 'Success'
    assert (node.mount_dir('u1') / 'file').read_text() == 'data of 0.1.0'
    assert node.unmount('u1').status == 'Success'
    assert (node.left_in_base(), node.mounts()) == ([], [])


def test_a_volume_of_0_1_0_is_unmounted_at_once(released):
    node = released('u1')
    assert node.unmount('u1').status == 'Success'
    assert (node.left_in_base(), node.mounts()) == ([], [])


def test_a_volume_of_0_1_0_that_went_without_an_unmount_is_pruned(released):
    node = released('u1')
    subprocess.run(['umount', node.mount_dir('u1')], check=True)
    node.forget_pod('u1')
    # Nothing is known while there is no pod at all: the kubelet's disk may be late.
    assert node.prune() == Answer(0, b'')
    assert node.directory('u1').exists()
    node.mount_dir('u2')
    assert b'removed' in node.prune().output
    assert node.left_in_base() == []


def test_a_volume_of_0_1_0_that_had_a_project_quota_keeps_its_data(released):
    """The quota itself is the kernel's to keep."""
    node = released('u1', **SIZED)
    subprocess.run(['umount', node.mount_dir('u1')], check=True)
    assert node.mount('u1').status == 'Success'
    assert (node.mount_dir('u1') / 'file').read_text() == 'data of 0.1.0'
    assert node.mounts() == [str(node.mount_dir('u1'))]
    assert node.unmount('u1').status == 'Success'
    assert (node.left_in_base(), node.mounts()) == ([], [])


def test_what_0_1_0_was_killed_over_is_finished(make_node):
    node = make_node(retention='1h')
    for name in ('.trash/u1~logs~17~1700000000.25/deep', '.trash/u1~logs~17~1700000000.25~18~3', '.state/u1'):
        (node.base / name).mkdir(parents=True)
    for own in ('.trash', '.state', '.state/u1'):
        (node.base / own).chmod(0o700)
    for name in ('.new', '.new-image'):
        (node.base / '.state/u1' / name).touch()
    assert node.prune() == Answer(0, b'')
    assert node.left_in_base() == []
