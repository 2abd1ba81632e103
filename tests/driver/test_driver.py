# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a volume, and each thing that an administrator, a kubelet or a pod can ask for."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import mortal
import pytest
from node import ENVIRONMENT, Node

# The driver takes no time before 2026 for one that a clock showed.
LONG_AGO = 1767300000


def age(node: Node, record: str):
    """Make a volume look as if it had ended long ago."""
    os.utime(node.base / '.state' / record, (LONG_AGO, LONG_AGO))


def flags(path) -> set:
    """Return the mount flags that the kernel has for the mount on the path."""
    bits = os.statvfs(path).f_flag
    return {name for name in ('RDONLY', 'NOSUID', 'NODEV', 'NOEXEC') if bits & getattr(os, f'ST_{name}')}


# ---- callouts ------------------------------------------------------------------------------------------------------------------------------

def test_init_states_all_five_capabilities(node):
    answer = node.call('init')
    assert answer.json == {'status': 'Success', 'capabilities': {
        'attach': False, 'selinuxRelabel': False, 'fsGroup': False, 'requiresFSResize': False, 'supportsMetrics': True}}
    assert answer.exit_status == 0


@pytest.mark.parametrize('arguments', [
    ['getvolumename', '{}'], ['attach', '{}', 'node'], ['waitforattach', '/dev/x', '{}'], ['isattached', '{}', 'node'], ['detach', 'x', 'node'],
    ['mountdevice', '/x', '/dev/x', '{}'], ['unmountdevice', '/x'], ['expandvolume', '{}', '/dev/x', '2', '1'], ['expandfs', '{}', '/dev/x', '/x', '2', '1'],
    ['nonsense']])
def test_other_callouts_are_not_supported(node, arguments):
    assert node.call(*arguments).status == 'Not supported'


@pytest.mark.parametrize('arguments', [[], [''], ['mount'], ['mount', '/x'], ['mount', '/x', '{}', 'more'], ['unmount'], ['init', 'more']])
def test_a_wrong_call_is_a_failure_that_says_why(node, arguments):
    answer = node.call(*arguments)
    assert answer.status == 'Failure'
    assert 'usage' in answer.message
    assert answer.exit_status == 1


@pytest.mark.parametrize('interpreter', [['python3'], ['python3', '-IS'], ['python3', '-I', '-S', '-O']])
def test_it_runs_under_any_interpreter_line(node, interpreter):
    done = subprocess.run([*interpreter, node.driver, 'init'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    assert json.loads(done.stdout)['status'] == 'Success'


def test_a_cache_made_of_another_source_or_by_another_user_is_not_run(node):
    node.call('init')
    cache, = Path('/run/nodeops~dynhostpath').iterdir()
    good = cache.read_bytes()
    poisoned = good.replace(b'has no callout', b'is no callouts')
    for content, owner in ((b'garbage', 0), (good[:-1000], 0), (poisoned, 0), (good.replace(b'has no callout', b'got no callout'), 65534), (good, 65534)):
        cache.write_bytes(content)
        os.chown(cache, owner, owner)
        assert node.call('attach', '{}', 'node').message.startswith('dynhostpath has no callout')
        assert cache.stat().st_uid == 0
        assert content == good or cache.read_bytes() != content


# ---- mount and unmount -----------------------------------------------------------------------------------------------------------------------

def test_a_volume_lives(node):
    assert node.mount('u1').json == {'status': 'Success'}
    mount_dir = node.mount_dir('u1')
    (mount_dir / 'file').write_text('hello')
    assert (node.directory('u1') / 'file').read_text() == 'hello'
    assert flags(mount_dir) == {'NOSUID', 'NODEV'}

    assert node.mount('u1').status == 'Success'
    assert node.mounts() == [str(mount_dir)]

    assert node.unmount('u1').json == {'status': 'Success'}
    assert node.mounts() == []
    assert list(mount_dir.iterdir()) == []
    assert node.unmount('u1').status == 'Success'
    mount_dir.rmdir()
    assert node.unmount('u1').status == 'Success'
    assert (node.directory('u1') / 'file').read_text() == 'hello'


def test_the_next_pod_of_that_name_gets_a_directory_of_its_own(node):
    for uid in ('u1', 'u2'):
        node.mount(uid, **{'kubernetes.io/pod.name': 'web-0'})
        (node.mount_dir(uid) / uid).touch()
        node.unmount(uid)
    assert [path.name for path in sorted((node.base / 'default/web-0').glob('*/*'))] == ['u1', 'u2']


def test_read_only_is_honoured_and_verified(node):
    assert node.mount('u1', **{'kubernetes.io/readwrite': 'ro'}).status == 'Success'
    assert flags(node.mount_dir('u1')) == {'RDONLY', 'NOSUID', 'NODEV'}
    with pytest.raises(OSError, match='Read-only'):
        (node.mount_dir('u1') / 'file').touch()
    (node.directory('u1') / 'file').touch()


def test_a_mount_with_other_flags_is_put_right(node):
    node.mount('u1')
    subprocess.run(['mount', '-o', 'remount,bind,rw,suid,dev', node.mount_dir('u1')], check=True)
    assert node.mount('u1', **{'kubernetes.io/readwrite': 'ro'}).status == 'Success'
    assert flags(node.mount_dir('u1')) == {'RDONLY', 'NOSUID', 'NODEV'}
    assert len(node.mounts()) == 1


@pytest.mark.parametrize(('given', 'expected'), [([], set()), (['noexec'], {'NOEXEC'}), (['nosuid', 'nodev', 'noexec'], {'NOSUID', 'NODEV', 'NOEXEC'})])
def test_mount_flags_are_the_administrators(make_node, given, expected):
    node = make_node(mount_flags=given)
    assert node.mount('u1').status == 'Success'
    assert flags(node.mount_dir('u1')) == expected


def test_what_the_base_is_mounted_with_holds_for_its_volumes(make_node):
    node = make_node(mount_flags=[])
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'noexec,mode=0700', 'tmpfs', node.base], check=True)
    assert node.mount('u1').status == 'Success'
    assert flags(node.mount_dir('u1')) == {'NOEXEC'}


def test_stacked_mounts_are_all_taken_off(node):
    node.mount('u1')
    for _time in range(3):
        subprocess.run(['mount', '--bind', node.outside, node.mount_dir('u1')], check=True)
    assert node.mount('u1').status == 'Failure'
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == []


def test_a_volume_in_use_is_unmounted_all_the_same(node, background):
    node.mount('u1')
    background('sleep', '60', cwd=node.mount_dir('u1'))
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == []


def test_unmount_works_without_settings_and_without_base(node):
    node.mount('u1')
    node.mount('u2')
    node.configure(nonsense=True)
    assert node.unmount('u1').status == 'Success'
    node.configure()
    node.base.rename(node.root / 'elsewhere')
    assert node.unmount('u2').status == 'Success'
    assert node.mounts() == []


@pytest.mark.parametrize('path', ['/etc', '/', 'relative', '', '/x/pods/u1/volumes/a~b/', '/x/pods/u1/volumes/a~b/..', '/x/pods/../volumes/a~b/v'])
def test_a_path_that_is_no_volume_of_the_kubelets_is_refused(node, path):
    for arguments in (['mount', path, json.dumps(node.options('u1'))], ['unmount', path]):
        answer = node.call(*arguments)
        assert answer.status == 'Failure'
        assert 'mount dir' in answer.message


def test_the_pod_uid_must_be_that_of_the_mount_dir(node):
    for uid in ('u2', '', None):
        answer = node.mount('u1', **{'kubernetes.io/pod.uid': uid})
        assert answer.status == 'Failure'
        assert 'kubernetes.io/pod.uid' in answer.message
    assert node.left_in_base() == []


def test_the_mount_dir_may_not_be_a_symlink(node):
    mount_dir = node.mount_dir('u1')
    mount_dir.rmdir()
    mount_dir.symlink_to(node.outside)
    assert node.mount('u1').status == 'Failure'
    assert node.mounts() == []
    assert node.left_in_base() == []


# ---- who decides what --------------------------------------------------------------------------------------------------------------------------

def test_owner_group_and_mode_are_the_administrators(make_node):
    node = make_node(owner=1000, group=2000, mode='0750')
    node.mount('u1')
    status = node.directory('u1').stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1000, 2000, 0o750)
    above = node.directory('u1').parent.stat()
    assert (above.st_uid, above.st_gid, stat.S_IMODE(above.st_mode)) == (0, 0, 0o755)


def test_a_pod_sets_what_it_may(make_node):
    node = make_node(pod_options={'mode': {'max': '0770'}, 'owner': {'min': 1000, 'max': 1999}, 'group': {'min': 5, 'max': 5}, 'subdirectory': {}})
    assert node.mount('u1', mode='0700', owner='1234', group='5', subdirectory='data').status == 'Success'
    status = (node.directory('u1') / 'data').stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 5, 0o700)
    assert stat.S_IMODE(node.directory('u1').stat().st_mode) == 0o755


@pytest.mark.parametrize(('option', 'value'), [
    ('mode', '0777'), ('mode', '4770'), ('mode', 'rwx'), ('owner', '0'), ('owner', '2000'), ('owner', '-1'), ('group', 'root'), ('subdirectory', '..'),
    ('subdirectory', '/etc'), ('subdirectory', 'a/b'), ('subdirectory', ''), ('subdirectory', '.state'), ('subdirectory', 'a\nb'), ('size', '1Gi'),
    ('base', '/etc'), ('layout', '{pod}'), ('Mode', '0700'), ('', 'x')])
def test_anything_else_a_pod_sets_is_refused_by_name(make_node, option, value):
    node = make_node(pod_options={'mode': {'max': '0770'}, 'owner': {'min': 1000, 'max': 1999}, 'group': {'min': 5, 'max': 5}, 'subdirectory': {}})
    answer = node.mount('u1', **{option: value})
    assert answer.status == 'Failure'
    assert f'option {option}' in answer.message.replace("'", '')
    assert node.left_in_base() == []
    assert node.mounts() == []


@pytest.mark.parametrize('key', ['kubernetes.io/mounterArgs.FsGroup', 'kubernetes.io/fsGroup'])
def test_fs_group_is_set_on_the_top_directory_only(node, key):
    node.mount('u1')
    (node.mount_dir('u1') / 'below').mkdir()
    node.unmount('u1')
    assert node.mount('u1', **{key: '3000'}).status == 'Success'
    top, below = node.mount_dir('u1').stat(), (node.mount_dir('u1') / 'below').stat()
    assert (top.st_gid, stat.S_IMODE(top.st_mode)) == (3000, 0o2775)
    assert (below.st_gid, stat.S_IMODE(below.st_mode)) == (0, 0o755)
    (node.mount_dir('u1') / 'new').touch()
    assert (node.mount_dir('u1') / 'new').stat().st_gid == 3000


def test_the_layout_is_the_administrators(make_node):
    node = make_node(layout='volumes/{namespace}_{pod}/{volume}')
    assert node.mount('u1').status == 'Success'
    assert (node.base / 'volumes/default_pod-u1/logs').is_dir()


@pytest.mark.parametrize(('config', 'named'), [
    ({'bases': '/x'}, 'bases'), ({'base': 'x'}, 'base'), ({'base': '/x/../y'}, 'base'), ({'base': '/'}, 'base'), ({'layout': '/{pod}'}, 'layout'),
    ({'layout': '../{pod}'}, 'layout'), ({'layout': '{name}'}, 'layout'), ({'layout': '.state/{uid}'}, 'layout'), ({'layout': 7}, 'layout'),
    ({'owner': 'root'}, 'owner'), ({'owner': True}, 'owner'), ({'owner': -1}, 'owner'), ({'mode': 755}, 'mode'), ({'mode': '0999'}, 'mode'),
    ({'mount_flags': 'nosuid'}, 'mount_flags'), ({'mount_flags': ['ro']}, 'mount_flags'), ({'mount_flags': [[]]}, 'mount_flags'),
    ({'retention': '7'}, 'retention'), ({'retention': '7d', 'layout': '{pod}'}, 'uid'), ({'size': '1Ki'}, 'size'), ({'size': '1Gi'}, 'volume'),
    ({'by_pod': 'yes'}, 'by_pod'), ({'pod_options': []}, 'pod_options'), ({'pod_options': {'base': {}}}, 'pod_options.base'),
    ({'pod_options': {'mode': {}}}, 'pod_options.mode'), ({'pod_options': {'owner': {'max': 5}}}, 'pod_options.owner'),
    ({'pod_options': {'size': {'max': None}, 'retention': {'max': '1d'}}}, 'pod_options.size')])
def test_wrong_settings_fail_init_and_mount_by_name(node, config, named):
    node.configure(**config)
    for answer in (node.call('init'), node.mount('u1')):
        assert answer.status == 'Failure'
        assert '.config.json' in answer.message
        assert named in answer.message
    assert node.left_in_base() == []


@pytest.mark.parametrize('content', [b'', b'{', b'[]', b'{} {}', b'"x"', b'\xff\xfe', b'{"base": "/x",}', b'[' * 100000, b'{"owner": 1e999}'])
def test_settings_that_are_no_json_object_are_refused(node, content):
    (node.driver.parent / '.config.json').write_bytes(content)
    answer = node.call('init')
    assert answer.status == 'Failure'
    assert '.config.json' in answer.message


@pytest.mark.parametrize('text', ['', '{', '[]', 'null', '{} x', '"x"', b'{"\xff": 1', '[' * 50000, '{"a": NaN', '{"a": "\n"}'])
def test_options_that_are_no_json_object_are_refused(node, text):
    answer = node.call('mount', node.mount_dir('u1'), text)
    assert answer.status == 'Failure'
    assert 'options' in answer.message
    assert node.left_in_base() == []


# ---- the path -------------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('link', ['default', 'default/pod-u1', 'default/pod-u1/u1', '.state', '.state/u1'])
def test_no_symlink_below_the_base_is_followed(node, link):
    before = node.state_outside()
    path = node.base / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(node.outside)
    before = node.state_outside()
    answer = node.mount('u1')
    assert answer.status == 'Failure'
    assert link in answer.message
    assert 'symbolic link' in answer.message
    assert node.state_outside() == before
    assert node.mounts() == []


def test_a_file_in_the_way_is_named(node):
    (node.base / 'default').touch()
    answer = node.mount('u1')
    assert answer.status == 'Failure'
    assert 'default' in answer.message


# ---- retention ------------------------------------------------------------------------------------------------------------------------------

def test_delete_removes_the_data_at_unmount_and_what_is_linked_stays(make_node):
    node = make_node(retention='delete')
    node.mount('u1')
    mount_dir = node.mount_dir('u1')
    (mount_dir / 'deep').mkdir()
    (mount_dir / 'deep' / 'file').touch()
    (mount_dir / 'link').symlink_to(node.outside)
    (mount_dir / 'treasure').symlink_to(node.outside / 'treasure')
    before = node.state_outside()
    assert node.unmount('u1').status == 'Success'
    assert node.left_in_base() == []
    assert node.state_outside() == before


def test_delete_copes_with_any_depth_and_any_name(make_node):
    node = make_node(retention='delete')
    node.mount('u1')
    here = os.open(node.mount_dir('u1'), os.O_RDONLY)
    for _level in range(3000):
        os.mkdir(b'\xff\n', dir_fd=here)
        here, above = os.open(b'\xff\n', os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    assert node.unmount('u1').status == 'Success'
    assert node.left_in_base() == []


def test_a_directory_lives_as_long_as_any_volume_of_its_pod(make_node):
    node = make_node(retention='delete')
    node.mount('u1', 'logs')
    node.mount('u1', 'data')
    (node.mount_dir('u1') / 'file').touch()
    node.unmount('u1', 'logs')
    assert (node.mount_dir('u1', 'data') / 'file').exists()
    node.unmount('u1', 'data')
    assert node.left_in_base() == []


def test_a_pod_may_choose_its_retention_within_bounds(make_node):
    node = make_node(retention='1d', pod_options={'retention': {'max': '7d'}})
    assert node.mount('u1', retention='retain').status == 'Failure'
    assert node.mount('u1', retention='8d').status == 'Failure'
    assert node.mount('u1', retention='delete').status == 'Success'
    node.unmount('u1')
    assert node.left_in_base() == []


def test_prune_removes_what_is_due_and_only_that(make_node):
    node = make_node(retention='7d')
    for uid in ('due', 'young', 'alive', 'crashed', 'foreign'):
        node.mount(uid)
        (node.directory(uid) / 'file').write_text(uid)
    for uid in ('due', 'young'):
        node.unmount(uid)
        node.forget_pod(uid)
    age(node, 'due/logs')
    # The node crashed: no unmount, no mount, and in the end no pod.
    subprocess.run(['umount', node.mount_dir('crashed')], check=True)
    node.forget_pod('crashed')
    (node.base / '.state/foreign/logs').unlink()
    (node.base / '.state/foreign').rmdir()

    dry = node.prune('--dry-run')
    assert dry.output.decode().count('\n') == 1
    assert 'would remove' in dry.output.decode()
    assert str(node.directory('due')) in dry.output.decode()
    assert node.directory('due').is_dir()
    assert (node.base / '.state/crashed/logs').stat().st_mtime == 0

    assert node.prune().output.decode() == dry.output.decode().replace('would remove', 'removed')
    assert sorted(path.name for path in (node.base / 'default').glob('*/*')) == ['alive', 'crashed', 'foreign', 'young']
    assert (node.base / '.state/crashed/logs').stat().st_mtime
    age(node, 'crashed/logs')
    assert 'removed' in node.prune().output.decode()
    assert sorted(path.name for path in (node.base / 'default').glob('*/*')) == ['alive', 'foreign', 'young']
    assert node.prune().output == b''


def test_prune_knows_nothing_while_the_kubelets_disk_is_not_mounted(make_node):
    node = make_node(retention='delete')
    node.mount('u1')
    subprocess.run(['umount', node.mount_dir('u1')], check=True)
    node.pods.rename(node.root / 'unplugged')
    assert node.prune().output == b''
    assert node.directory('u1').is_dir()


def test_a_new_setting_holds_for_old_volumes(make_node):
    node = make_node()
    node.mount('u1')
    node.unmount('u1')
    node.forget_pod('u1')
    age(node, 'u1/logs')
    assert node.prune().output == b''
    node.configure(retention='1h')
    assert 'removed' in node.prune().output.decode()
    assert node.left_in_base() == []


def test_prune_never_crosses_a_mount_and_says_what_it_left(make_node):
    node = make_node(retention='7d')
    node.mount('u1')
    node.unmount('u1')
    node.forget_pod('u1')
    age(node, 'u1/logs')
    (node.directory('u1') / 'busy').mkdir()
    subprocess.run(['mount', '--bind', node.outside, node.directory('u1') / 'busy'], check=True)
    before = node.state_outside()
    answer = node.prune()
    assert answer.exit_status == 1
    assert 'busy' in answer.output.decode()
    assert node.state_outside() == before
    subprocess.run(['umount', *node.mounts()], check=True)
    assert node.prune().exit_status == 0
    assert node.left_in_base() == []


def test_prune_finishes_what_was_interrupted(make_node):
    node = make_node()
    (node.base / '.trash/u1~logs~1/deep').mkdir(parents=True)
    assert node.prune('--dry-run').exit_status == 0
    assert (node.base / '.trash/u1~logs~1/deep').is_dir()
    assert node.prune().exit_status == 0
    assert node.left_in_base() == []


def test_a_record_cut_short_by_a_crash_hurts_nobody(make_node):
    node = make_node(retention='delete')
    node.mount('u1')
    (node.base / '.state/u1/logs').write_text('{"names')
    assert node.unmount('u1').status == 'Success'
    assert node.mount('u1').status == 'Success'
    assert node.unmount('u1').status == 'Success'
    assert node.left_in_base() == []


@pytest.mark.parametrize('arguments', [['--force'], ['--dry-run', 'x']])
def test_prune_says_how_it_is_used(node, arguments):
    answer = node.prune(*arguments)
    assert answer.exit_status == 2
    assert 'usage' in answer.output.decode()


# ---- the tree for collectors -----------------------------------------------------------------------------------------------------------------

def test_by_pod_points_at_the_latest_incarnation(make_node):
    node = make_node(by_pod=True, retention='7d')
    stable = node.base / '.by-pod/default/web-0/logs'
    for uid in ('u1', 'u2'):
        assert node.mount(uid, **{'kubernetes.io/pod.name': 'web-0'}).status == 'Success'
        (node.mount_dir(uid) / uid).touch()
        assert [path.name for path in stable.iterdir()] == [uid]
    for uid in ('u1', 'u2'):
        node.unmount(uid)
        age(node, f'{uid}/logs')
        node.prune()
        assert stable.is_symlink() == (uid == 'u1')
    assert node.left_in_base() == []


# ---- size -----------------------------------------------------------------------------------------------------------------------------------

def test_a_limited_volume_is_full_when_it_is_full_and_the_node_is_not(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='16Mi', retention='delete')
    assert node.mount('u1').status == 'Success'
    mount_dir = node.mount_dir('u1')
    assert list(mount_dir.iterdir()) == []
    capacity = os.statvfs(mount_dir)
    assert 8 << 20 < capacity.f_blocks * capacity.f_frsize <= 16 << 20
    assert flags(mount_dir) == {'NOSUID', 'NODEV'}
    with pytest.raises(OSError, match='No space left'):
        (mount_dir / 'big').write_bytes(bytes(20 << 20))
    (node.base / 'other').write_bytes(bytes(20 << 20))
    (node.base / 'other').unlink()
    assert node.mount('u1').status == 'Success'
    assert len(node.mounts()) == 2
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == []
    assert node.left_in_base() == []
    assert node.loops() == []


def test_a_limited_volume_keeps_its_data(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', pod_options={'size': {'max': '16Mi'}})
    assert node.mount('u1', size='17Mi').status == 'Failure'
    for _time in range(2):
        assert node.mount('u1', size='8Mi').status == 'Success'
        with open(node.mount_dir('u1') / 'file', 'a') as file:
            file.write('x')
        assert node.unmount('u1').status == 'Success'
        assert node.mounts() == []
    node.mount('u1', size='8Mi', **{'kubernetes.io/readwrite': 'ro'})
    assert (node.mount_dir('u1') / 'file').read_text() == 'xx'
    assert 'RDONLY' in flags(node.mount_dir('u1'))
    node.unmount('u1')


def test_prune_removes_a_limited_volume_that_was_never_unmounted(make_node):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi', retention='1h')
    node.mount('u1')
    subprocess.run(['umount', node.mount_dir('u1')], check=True)
    node.forget_pod('u1')
    node.prune()
    age(node, 'u1/logs')
    assert 'removed' in node.prune().output.decode()
    assert node.mounts() == []
    assert node.left_in_base() == []


def test_outgrow_the_size_by_leaving_ones_project(make_node):
    """Whoever owns a file may take it out of its project, so a kernel that has project quotas changes nothing. None that has them runs here."""
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi', retention='delete')
    command = [sys.executable, '-IB', mortal.__file__, str(1 << 40), *node.callout('mount', 'u1')]
    subprocess.run(command, stdout=subprocess.DEVNULL, env={**ENVIRONMENT, 'KERNEL': 'quota'}, check=True)
    with pytest.raises(OSError, match='No space left'):
        (node.mount_dir('u1') / 'big').write_bytes(bytes(10 << 20))
    assert node.unmount('u1').status == 'Success'
    assert node.left_in_base() == []


def test_a_volume_keeps_the_size_with_which_it_began(make_node):
    """An image would hide the data of a volume that began without one, and a volume that began with one has its data there."""
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}')
    node.mount('u1')
    (node.mount_dir('u1') / 'file').write_text('data')
    node.unmount('u1')
    node.configure(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi')
    node.mount('u2')
    assert node.mount('u1').status == 'Success'
    assert (node.mount_dir('u1') / 'file').read_text() == 'data'
    (node.mount_dir('u2') / 'file').write_text('data')
    node.unmount('u2')
    node.configure(layout='{namespace}/{pod}/{uid}/{volume}', retention='delete')
    assert node.mount('u2').status == 'Success'
    assert (node.mount_dir('u2') / 'file').read_text() == 'data'
    for uid in ('u1', 'u2'):
        assert node.unmount(uid).status == 'Success'
    assert (node.left_in_base(), node.mounts()) == ([], [])
