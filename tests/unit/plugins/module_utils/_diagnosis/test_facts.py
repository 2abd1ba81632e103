# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import ctypes
import json
import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import records
from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import facts
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process, watches
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import roots, systemd
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._node_fixtures import Proc, write

HEALTHY = '#!/bin/sh\necho \'{"status": "Success", "capabilities": {"attach": false}}\'\n'


@pytest.fixture
def plugins(tmp_path):
    (tmp_path / 'plugins').mkdir(mode=0o755)
    return tmp_path / 'plugins'


@pytest.fixture
def proc(tmp_path):
    return Proc(tmp_path / 'proc')


def put(plugins, directory, text=HEALTHY, mode=0o755):
    path = write(plugins, f'{directory}/{directory.rpartition("~")[2]}', text)
    path.chmod(mode)
    path.parent.chmod(0o755)
    return path


def describe(plugins, directory, kubelet=None, inodes=(), init=True):
    return facts.describe_driver(str(plugins), directory, kubelet, set(inodes), init)


def test_a_driver_and_what_it_answers(plugins):
    path = put(plugins, 'acme~nfs')
    os.utime(str(path), (1000000000, 1000000000))
    write(plugins, 'acme~nfs/.previous', 'old')
    found = describe(plugins, 'acme~nfs')
    assert (found['name'], found['executable'], found['mode'], found['mtime']) == ('acme/nfs', 'program', '0755', '2001-09-09T01:46:40Z')
    assert found['size'] == len(HEALTHY) and len(found['sha256']) == 64
    assert (found['previous'], found['config'], found['interpreter']) == (True, False, None)
    assert (found['init']['status'], found['init']['defect'], found['init']['capabilities']['attach']) == ('Success', None, False)
    json.dumps(found)


def test_a_driver_that_is_withdrawn_while_it_is_looked_at_keeps_none_of_the_others_from_it(plugins, tmp_path, monkeypatch):
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))
    put(plugins, 'acme~goes')
    put(plugins, 'acme~stays')
    sha256_of = facts.driver_files.sha256_of

    def too_late(path):
        if path.endswith('goes'):
            os.unlink(path)
        return sha256_of(path)

    monkeypatch.setattr(facts.driver_files, 'sha256_of', too_late)
    assert [driver['name'] for driver in facts.gather(str(plugins), init=False)['drivers']] == ['acme/stays']


def test_what_a_deploy_withdraws_and_publishes_while_another_driver_is_looked_at_is_no_trouble(plugins, tmp_path, monkeypatch):
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))
    put(plugins, 'acme~first')
    leaving = put(plugins, 'acme~goes')
    describe_driver = facts.describe_driver

    def meanwhile(plugin_dir, directory_name, *others):
        if directory_name == 'acme~first':
            leaving.unlink()
            leaving.parent.rmdir()
            put(plugins, 'acme~comes')
            records.write(records.path(DriverName('acme', 'comes')), records.text({'plugin_dir': str(plugins)}))
        return describe_driver(plugin_dir, directory_name, *others)

    monkeypatch.setattr(facts, 'describe_driver', meanwhile)
    found = facts.gather(str(plugins), init=False)
    assert ([driver['name'] for driver in found['drivers']], found['vanished']) == (['acme/first'], [])


def test_drivers_that_were_deployed_to_where_the_kubelet_no_longer_looks_are_found(plugins, tmp_path, monkeypatch):
    """So are those in the upstream default; neither a driver that is gone, nor a record that cannot be read, keeps the others from being found."""
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))
    monkeypatch.setattr(directories, 'UPSTREAM', str(tmp_path / 'upstream'))
    put(tmp_path / 'before', 'acme~nfs')
    put(tmp_path / 'upstream', 'acme~manual')
    for name, plugin_dir in (('nfs', 'before'), ('gone', 'nowhere'), ('here', 'plugins')):
        records.write(records.path(DriverName('acme', name)), records.text({'plugin_dir': str(tmp_path / plugin_dir)}))
    records.write(records.path(DriverName('acme', 'cut')), '{"plugin_dir": ')
    here = directories.PluginDir(str(plugins), 'default', '')
    assert facts._misplaced(here, here, object()) == [str(tmp_path / 'before' / 'acme~nfs'), str(tmp_path / 'upstream' / 'acme~manual')]
    assert facts._vanished(str(plugins), []) == ['acme/here']
    assert facts._vanished(str(plugins), ['acme~here']) == []
    before = directories.PluginDir(str(tmp_path / 'before'), 'default', '')
    assert facts._misplaced(here, before, object()) == [str(tmp_path / 'upstream' / 'acme~manual')]
    assert facts._misplaced(here, here, None) == []


def test_init_is_left_out_when_asked(plugins):
    path = put(plugins, 'acme~nfs', f'#!/bin/sh\ntouch {plugins}/called\n')
    assert describe(plugins, 'acme~nfs', init=False)['init'] is None
    assert describe(plugins, 'acme~nfs')['init']['defect']
    assert os.path.exists(str(plugins / 'called')) and path.exists()


@pytest.mark.parametrize(('prepare', 'kind'), [
    (lambda directory: None, 'missing'),
    (lambda directory: (directory / '.nfs').write_text('x'), 'missing'),
    (lambda directory: (directory / 'nfs').symlink_to('/nowhere'), 'missing'),
    (lambda directory: (directory / 'nfs').mkdir(), 'no file'),
    (lambda directory: (directory / 'nfs').write_text('x'), 'not executable'),
])
def test_what_is_in_the_executables_place(plugins, prepare, kind):
    directory = plugins / 'acme~nfs'
    directory.mkdir()
    prepare(directory)
    found = describe(plugins, 'acme~nfs')
    assert (found['executable'], found['init']) == (kind, None)


@pytest.mark.parametrize(('line', 'missing'), [
    ('#!/bin/sh', None), ('#! /bin/sh -e', None), ('#!/usr/bin/env sh', None), ('#!/usr/bin/env -S sh -e', None), ('\x7fELF', None), ('', None),
    ('#!/no/such', '/no/such'), ('#!/usr/bin/env no-such', 'no-such'), ('#!/usr/bin/env -S A=b no-such x', 'no-such'),
])
def test_an_interpreter_that_is_missing(plugins, line, missing):
    put(plugins, 'acme~nfs', line + '\n')
    assert describe(plugins, 'acme~nfs', init=False)['interpreter'] == missing


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files that are root's")
def test_what_others_than_root_can_write(plugins, monkeypatch):
    path = put(plugins, 'acme~nfs')
    assert describe(plugins, 'acme~nfs', init=False)['unsafe'] == []
    path.chmod(0o775)
    assert describe(plugins, 'acme~nfs', init=False)['unsafe'] == []
    monkeypatch.setattr(facts.trust.os, 'getxattr', lambda _path, _name: b'an ACL')
    assert describe(plugins, 'acme~nfs', init=False)['unsafe'] == [str(path)]
    monkeypatch.undo()
    os.chown(str(path), 0, 1000)
    path.parent.chmod(0o777)
    assert describe(plugins, 'acme~nfs', init=False)['unsafe'] == [str(path.parent), str(path)]
    path.parent.chmod(0o755)
    os.chown(str(path), 1000, 0)
    path.chmod(0o755)
    assert describe(plugins, 'acme~nfs', init=False)['unsafe'] == [str(path)]


def test_gather_describes_the_whole_plugin_dir(plugins, proc, monkeypatch):
    put(plugins, 'b~two')
    put(plugins, 'a~one', mode=0o644)
    put(plugins, '.flexvolume-c~three')
    (plugins / 'd~link').symlink_to('b~two')
    (plugins / 'readme.txt').write_text('not a program')
    write(plugins, 'loose', '#!/bin/sh\n').chmod(0o755)
    proc.add(10, ['/usr/bin/kubelet', f'--volume-plugin-dir={plugins}', '--token=abc'], cgroup='0::/system.slice/kubelet.service\n')
    proc.watch(10, 3, [roots.identity(str(plugins)), roots.identity(str(plugins / 'b~two'))])
    kubelet = process.running(proc.path)
    monkeypatch.setattr(facts.process, 'search', lambda: process.Search(kubelet, []))
    monkeypatch.setattr(facts.systemd, 'running', lambda: False)
    found = facts.gather()
    assert [(driver['name'], driver['symlink'], driver['watched']) for driver in found['drivers']] == [
        ('a/one', False, False), ('b/two', False, True), ('d/link', True, True)]
    assert found['strays'] == ['loose']
    assert (found['kubelet']['pid'], found['kubelet']['unit'], found['kubelet']['watches_plugin_dir']) == (10, 'kubelet.service', True)
    assert found['kubelet']['command_line'][-1] == '--token=********'
    assert (found['plugin_dir']['same'], found['plugin_dir']['exists'], found['plugin_dir']['seen_by_kubelet']) == (True, True, True)
    assert facts.gather(str(plugins / 'b~two'), init=False)['plugin_dir']['same'] is False
    assert found['inotify']['instances'] == (1 if os.getuid() == 0 else 0)
    json.dumps(found)


def test_gather_says_which_pods_use_a_driver_and_which_driver_they_lack(plugins, tmp_path, proc, monkeypatch):
    put(plugins, 'acme~nfs')
    for volume in ('1/volumes/acme~nfs/data', '2/volumes/acme~gone/data', '3/volumes/kubernetes.io~empty-dir/tmp'):
        (tmp_path / 'pods' / volume).mkdir(parents=True)
    (tmp_path / 'pods' / '4' / 'volumes' / 'acme~done').mkdir(parents=True)
    proc.add(10, ['/usr/bin/kubelet', f'--volume-plugin-dir={plugins}', f'--root-dir={tmp_path}'])
    kubelet = process.running(proc.path)
    monkeypatch.setattr(facts.process, 'search', lambda: process.Search(kubelet, []))
    monkeypatch.setattr(facts.systemd, 'running', lambda: False)
    found = facts.gather()
    assert found['drivers'][0]['pods'] == ['1']
    assert found['abandoned'] == [{'name': 'acme/gone', 'pods': ['2']}]


def test_gather_without_a_kubelet_or_a_plugin_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(facts.process, 'search', lambda: process.Search(None, []))
    found = facts.gather(str(tmp_path / 'a' / 'b'))
    assert (found['kubelet'], found['drivers'], found['plugin_dir']['exists']) == (None, [], False)


def test_touch_timers_are_asked_for_in_one_go(plugins, monkeypatch):
    for directory in ('acme~nfs', 'acme~cifs', 'no!name~x', 'acme~none'):
        put(plugins, directory)
    asked = []

    def ensure(units, timers, unwanted, check):
        asked.append((units, timers, unwanted, check))
        elapses = {timer: {'last': None, 'next': '2026-01-01T00:00:00Z'} for timer in timers}
        return systemd.Outcome(timers=elapses, asleep=['flexvolume-touch-acme-cifs.timer'])

    monkeypatch.setattr(systemd, 'running', lambda: True)
    monkeypatch.setattr(systemd, 'installed', lambda units: [unit for unit in units if 'none' not in unit])
    monkeypatch.setattr(systemd, 'ensure', ensure)
    monkeypatch.setattr(systemd, 'failed', lambda units: [unit for unit in units if 'cifs' in unit])
    monkeypatch.setattr(facts.process, 'search', lambda: process.Search(None, []))
    timers = {driver['name']: driver['touch_timer'] for driver in facts.gather(str(plugins), init=False)['drivers']}
    assert len(asked) == 1 and asked[0][3] is True
    assert timers['acme/nfs'] == {
        'unit': 'flexvolume-touch-acme-nfs.timer', 'service': 'flexvolume-touch-acme-nfs.service', 'active': True, 'failing': False,
        'last': None, 'next': '2026-01-01T00:00:00Z'}
    assert timers['acme/cifs']['failing']
    assert timers['acme/cifs']['active'] is False
    assert timers['acme/none'] is None and timers['no!name/x'] is None


def test_secrets_are_hidden_and_nothing_else():
    assert facts.without_secrets([
        'k3s', '--token', 'abc', '--agent-token=abc', '--v=2', '--authentication-token-webhook=true', '--token-file=/x', '--token=/etc/token',
        '--datastore-endpoint=mysql://user:word@tcp(db)/k', '--config', '/etc/x']) == [
        'k3s', '--token', '********', '--agent-token=********', '--v=2', '--authentication-token-webhook=true', '--token-file=/x', '--token=/etc/token',
        '--datastore-endpoint=mysql://user:********@tcp(db)/k', '--config', '/etc/x']


def test_a_real_inotify_watch_is_seen(tmp_path):
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init()
    assert descriptor >= 0, os.strerror(ctypes.get_errno())
    try:
        assert libc.inotify_add_watch(descriptor, str(tmp_path).encode(), 0x100) > 0
        watched = {inode for inodes in watches.descriptors('/proc', 'self') for inode in inodes}
        identity = roots.identity(str(tmp_path))
        assert identity in watched or (watches.device_of_mount(str(tmp_path)), identity[1]) in watched
        assert watches.usage('/proc', os.getuid())[0] >= 1
    finally:
        os.close(descriptor)


def test_limits(proc):
    write(proc.directory, 'sys/fs/inotify/max_user_instances', '128\n')
    assert watches.limits(proc.path) == (128, None)


def test_a_file_systems_device_is_that_of_its_mount(tmp_path):
    assert watches.device_of_mount('/proc') == os.stat('/proc').st_dev


def test_mount_flags_of_what_is_not_there_yet(tmp_path):
    assert roots.mount_flags(str(tmp_path / 'a' / 'b')) == os.statvfs(str(tmp_path)).f_flag


def test_links_below_another_root_stay_below_it(tmp_path):
    write(tmp_path, '/usr/bin/python3.11', '')
    (tmp_path / 'usr' / 'bin' / 'python3').symlink_to('python3.11')
    (tmp_path / 'bin').symlink_to('/usr/bin')
    (tmp_path / 'loop').symlink_to('loop')
    (tmp_path / 'up').symlink_to('../../../../usr')
    assert roots.resolved('/bin/python3', str(tmp_path)) == str(tmp_path / 'usr' / 'bin' / 'python3.11')
    assert roots.resolved('/up/bin/../bin/x', str(tmp_path)) == str(tmp_path / 'usr' / 'bin' / 'x')
    assert roots.resolved('/loop', str(tmp_path)) == str(tmp_path / 'loop')
    assert roots.resolved('/bin/python3', '/') == '/bin/python3'


def test_where_a_mounted_directory_may_lie_on_the_node(monkeypatch):
    def mount(root, path, fs_type='ext4', source='/dev/sda1'):
        return roots.mounts.Mount(1, root, path, frozenset(), fs_type, source)

    node = [mount('/', '/'), mount('/', '/tmp', 'tmpfs', 'tmpfs'), mount('/data', '/mnt/data'), mount('/', '/run/container', 'overlay', 'overlay')]
    inside = [mount('/', '/', 'overlay', 'overlay'), mount('/data/plugins', '/plugins')]
    monkeypatch.setattr(roots.mounts, 'read', lambda pid='self': node if pid == 'self' else inside)
    assert roots.candidates('/plugins/x', 10) == ['/data/plugins/x', '/mnt/data/plugins/x']
    assert roots.candidates('/elsewhere', 10) == []
    node[0] = mount('/', '/', 'overlay', 'overlay')
    assert roots.candidates('/elsewhere', 10) == ['/elsewhere']
