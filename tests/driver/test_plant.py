# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a local user wants of a root that believes what it finds: delete elsewhere, write elsewhere, run a container's setuid file, lead a reader astray."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_driver import age

NOBODY = 65534
COLLECTOR = 4711
DOCUMENTATION = Path(__file__).parents[2] / 'docs/docsite/rst/dynhostpath.rst'
# Exchange the names of a file, a link and a fifo, and of a directory and a link, again and again: argv holds the directory.
LEAD_ASTRAY = '''
import ctypes, os, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None)
while True:
    for one, other in ((b'app.log', b'link.log'), (b'app.log', b'fifo.log'), (b'sub', b'link')):
        libc.renameat2(-100, one, -100, other, 2)
'''


def as_user(user: int, *command, **options):
    return subprocess.run(command, user=user, group=user, extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          cwd='/', **options)


def plant(node, uid: str, **record):
    """Put a record into the base as somebody does who can write there; it ended long ago."""
    good = {'namespace': 'default', 'pod': 'web-0', 'directory': f'default/web-0/{uid}', 'mount_dir': str(node.mount_dir(uid))}
    state = node.base / '.state' / uid
    state.mkdir(parents=True)
    (state / 'logs').write_text(json.dumps({**good, **record}))
    for path in (state / 'logs', state, state.parent):
        os.chown(path, NOBODY, NOBODY)
    age(node, f'{uid}/logs')


@pytest.mark.parametrize('mode', [0o1777, 0o777, 0o775])
def test_delete_outside_of_a_base_that_others_can_write_to(make_node, mode):
    node = make_node(retention='1h')
    (node.outside / 'u1').mkdir()
    (node.outside / 'u1/file').touch()
    node.base.chmod(mode)
    plant(node, 'u1', directory='../outside/u1')
    answer = node.prune()
    assert (node.outside / 'u1/file').exists()
    assert answer.exit_status == 2
    assert f'base {node.base}: others than root can write to it' in answer.output.decode()
    for callout in (node.call('init'), node.mount('u2')):
        assert callout.status == 'Failure'
        assert f'base {node.base}: others than root can write to it (owner 0, mode {mode:04o})' in callout.message


@pytest.mark.parametrize('directory', ['../outside/u1', '/outside/u1', 'default/../../outside/u1', '.state/u1', ''])
def test_delete_outside_by_a_record_that_was_there_before_the_base_was_roots(make_node, directory):
    node = make_node(retention='1h')
    (node.outside / 'u1').mkdir()
    plant(node, 'u1', directory=directory)
    answer = node.prune()
    assert (node.outside / 'u1').exists()
    assert answer.exit_status == 2
    assert '.state: others than root can write to it' in answer.output.decode()
    shutil.chown(node.base / '.state', 0, 0)
    shutil.chown(node.base / '.state/u1', 0, 0)
    answer = node.prune()
    assert answer.exit_status == 1
    assert 'pod u1: .state/u1/logs in the base: no record of this driver' in answer.output.decode()
    assert (node.outside / 'u1').exists()


def test_delete_another_pods_data_by_a_record_of_its_volume(make_node):
    node = make_node(retention='1h')
    node.mount('victim')
    plant(node, 'u1', directory='default/pod-victim/u1', mount_dir=str(node.mount_dir('victim')))
    for path in (node.base / '.state', node.base / '.state/u1'):
        shutil.chown(path, 0, 0)
    (node.base / 'default/pod-victim/u1').mkdir()
    assert node.prune().exit_status == 1
    assert (node.base / 'default/pod-victim/u1').exists()


def test_delete_outside_through_a_trash_of_ones_own(make_node):
    node = make_node(retention='1h')
    trash = node.base / '.trash'
    trash.mkdir()
    os.chown(trash, NOBODY, NOBODY)
    answer = node.prune()
    assert answer.exit_status == 2
    assert '.trash: others than root can write to it' in answer.output.decode()
    assert node.mount('u1').status == 'Failure'


@pytest.mark.parametrize('name', ['.new', 'logs'])
def test_write_outside_through_a_link_in_the_place_of_a_new_record(make_node, name):
    node = make_node()
    state = node.base / '.state/u1'
    state.mkdir(parents=True, mode=0o700)
    (state / name).symlink_to(node.outside / 'treasure')
    before = node.state_outside()
    node.mount('u1')
    assert node.state_outside() == before
    assert (node.outside / 'treasure').read_text() == 'untouched'
    assert node.unmount('u1').status == 'Success'


def test_write_outside_through_a_link_in_the_place_of_a_new_image(make_node):
    node = make_node(layout='{uid}/{volume}', size='8Mi')
    state = node.base / '.state/u1'
    state.mkdir(parents=True, mode=0o700)
    (state / '.new-image').symlink_to(node.outside / 'treasure')
    before = node.state_outside()
    assert node.mount('u1').status == 'Success'
    assert node.state_outside() == before
    assert node.unmount('u1').status == 'Success'


def test_exchange_a_base_in_ones_home(node):
    home = node.root / 'home'
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    (home / 'base').mkdir(mode=0o700)
    node.configure(base=str(home / 'base'))
    for answer in (node.call('init'), node.mount('u1')):
        assert answer.status == 'Failure'
        assert f'at {home}: others than root can write to it (owner {NOBODY}' in answer.message


def test_a_base_below_a_sticky_directory_is_nobodys_to_exchange(node):
    shared = node.root / 'shared'
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / 'base').mkdir(mode=0o700)
    node.configure(base=str(shared / 'base'))
    assert node.mount('u1').status == 'Success'
    assert as_user(NOBODY, 'mv', shared / 'base', shared / 'gone').returncode != 0
    os.chown(shared / 'base', NOBODY, NOBODY)
    assert node.call('init').status == 'Failure'


# ---- a setuid file ----------------------------------------------------------------------------------------------------------------------------

def leave_setuid(node, uid: str) -> Path:
    """Leave a file in a volume, as root in a container can, that makes root of whoever runs it; return its path below the base."""
    shutil.copy('/usr/bin/id', node.mount_dir(uid) / 'id')
    (node.mount_dir(uid) / 'id').chmod(0o4755)
    return node.directory(uid) / 'id'


def test_it_makes_root_of_its_user_where_nothing_hinders_it(make_node):
    """Without it the tests below would prove nothing."""
    node = make_node(mount_flags=[])
    node.base.chmod(0o755)
    assert node.mount('u1').status == 'Success'
    assert as_user(NOBODY, leave_setuid(node, 'u1'), '-u').stdout == '0\n'


@pytest.mark.parametrize('mode', [0o755, 0o711, 0o750, 0o710, 0o701, 0o700])
def test_run_a_setuid_file_by_its_path_on_the_node(node, mode):
    node.base.chmod(mode)
    assert node.call('init').status == ('Success' if mode == 0o700 else 'Failure')
    answer = node.mount('u1')
    if answer.status == 'Success':
        with pytest.raises(PermissionError):
            as_user(NOBODY, leave_setuid(node, 'u1'), '-u')
    assert answer.status == ('Success' if mode == 0o700 else 'Failure')
    assert mode == 0o700 or f'base {node.base}: its mode {mode:04o} lets others than root in, past the mount_flags nosuid, nodev' in answer.message


def test_run_a_setuid_file_where_the_base_is_open_but_mounted_with_the_flags(node):
    node.base.chmod(0o755)
    subprocess.run(['mount', '--bind', node.base, node.base], check=True)
    subprocess.run(['mount', '-o', 'remount,bind,nosuid,nodev', node.base], check=True)
    assert node.mount('u1').status == 'Success'
    assert as_user(NOBODY, leave_setuid(node, 'u1'), '-u').stdout == f'{NOBODY}\n'
    node.configure(mount_flags=['nosuid', 'noexec'])
    assert 'past the mount_flags noexec' in node.mount('u2').message


def test_an_open_base_below_a_closed_directory_is_closed(node):
    closed = node.root / 'closed'
    closed.mkdir(mode=0o700)
    (closed / 'base').mkdir()
    node.configure(base=str(closed / 'base'))
    assert node.mount('u1').status == 'Success'
    # One door for a group and another for the others are open to the group that may pass both.
    closed.chmod(0o710)
    (closed / 'base').chmod(0o701)
    assert node.mount('u2').status == 'Failure'


# ---- a log collector --------------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def collected(make_node):
    """Return a node whose base a collector's group may enter, mounted as documented, and the command that is documented for reading."""
    node = make_node(by_pod=True)
    os.chown(node.base, 0, COLLECTOR)
    node.base.chmod(0o750)
    subprocess.run(['mount', '-o', 'bind,nosuid,nodev', node.base, node.base], check=True)
    assert node.mount('u1').status == 'Success'
    command, = re.findall(r'^ +(find /var/lib/dynhostpath/[^;]*;)$', DOCUMENTATION.read_text(), re.MULTILINE)
    return node, command.replace('/var/lib/dynhostpath', str(node.base))


def test_lead_a_log_collector_to_its_own_secrets_or_block_it(collected, background, soak):
    node, command = collected
    volume = node.mount_dir('u1')
    credentials = node.outside / 'credentials'
    (node.outside / 'inner.log').write_text('secret of the collector')
    credentials.write_text('secret of the collector')
    for path in (node.outside, credentials, node.outside / 'inner.log'):
        os.chown(path, COLLECTOR, COLLECTOR)
    (volume / 'sub').mkdir()
    (volume / 'sub/inner.log').write_text('inside')
    (volume / 'app.log').write_text('a line')
    (volume / 'link.log').symlink_to(credentials)
    (volume / 'link').symlink_to(node.outside)
    os.mkfifo(volume / 'fifo.log')
    quiet = as_user(COLLECTOR, 'sh', '-c', command, timeout=60).stdout
    assert 'a line' in quiet
    assert 'inside' in quiet
    background(sys.executable, '-c', LEAD_ASTRAY, volume)
    outputs = [as_user(COLLECTOR, 'sh', '-c', command, timeout=60).stdout for _time in range(soak(30, 300))]
    assert 'secret' not in ''.join(outputs)
    assert 'a line' in ''.join(outputs)
    # What a careless reader gets, sooner or later.
    assert any('secret' in as_user(COLLECTOR, 'sh', '-c', f'timeout 0.2 cat {volume}/*.log').stdout for _time in range(200))


def test_read_the_logs_without_being_in_the_group(collected):
    node, command = collected
    (node.mount_dir('u1') / 'app.log').write_text('a line')
    assert 'a line' not in as_user(NOBODY, 'sh', '-c', command).stdout
