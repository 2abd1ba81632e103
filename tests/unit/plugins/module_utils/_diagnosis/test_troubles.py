# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import troubles

PLUGINS = '/opt/plugins'


def driver(name='acme/nfs', **changes):
    directory = f'{PLUGINS}/{name.replace("/", "~")}'
    facts = {
        'name': name, 'directory': directory, 'path': directory + '/' + name.rpartition('/')[2], 'symlink': False, 'names': [name.rpartition('/')[2]],
        'executable': 'program', 'mode': '0755', 'interpreter': None, 'unsafe': [], 'watched': True, 'registered': True, 'touch_timer': None,
        'prune_timer': None, 'host_paths': [],
        'init': {'status': 'Success', 'message': '', 'seconds': 0.02, 'timed_out': False, 'defect': None},
    }
    return dict(facts, **changes)


def timer(active=True, failing=False):
    return {'unit': 'a.timer', 'service': 'a.service', 'active': active, 'failing': failing}


def host_path(mounted=True, exists=True):
    return {'path': '/data/logs', 'mount': '/data', 'mounted': mounted, 'exists': exists}


def failing(name='acme/nfs', **changes):
    return driver(name, init={'status': 'Failure', 'message': '', 'seconds': 0.02, 'timed_out': False, 'defect': 'it printed nothing.'}, **changes)


def node(drivers=None, kubelet=None, plugin_dir=None, inotify=None, strays=(), misplaced=(), abandoned=(), disbelieved=(), complaints=(),
         misprobed=None, vanished=()):
    """The facts of a healthy node, changed as a test needs."""
    return {
        'kubelet': None if kubelet is False else dict({
            'pid': 734, 'version': 'v1.29.3', 'root_dir': '/var/lib/kubelet', 'unit': 'kubelet.service', 'seconds': 600, 'own_mount_namespace': False,
            'watches_plugin_dir': True,
        }, **(kubelet or {})),
        'plugin_dir': dict({
            'path': PLUGINS, 'reason': 'Because.', 'kubelet_path': PLUGINS, 'kubelet_source': 'process', 'kubelet_reason': 'It says so.', 'same': True,
            'seen_by_kubelet': True, 'exists': True, 'read_only': False, 'noexec': False, 'unsafe': False, 'doubt': '', 'symlink': False,
        }, **(plugin_dir or {})),
        'drivers': [driver()] if drivers is None else drivers,
        'disbelieved': list(disbelieved),
        'strays': list(strays),
        'misprobed': misprobed or {},
        'vanished': list(vanished),
        'misplaced': list(misplaced),
        'complaints': list(complaints),
        'abandoned': [{'name': name, 'pods': ['default/web (1-2)']} for name in abandoned],
        'inotify': dict({'instances': 100, 'max_user_instances': 128, 'watches': 400, 'max_user_watches': 8192}, **(inotify or {})),
    }


def kinds(facts):
    return [trouble['trouble'] for trouble in troubles.find(facts)]


def complaint(kind, **changes):
    facts = {'kind': kind, 'driver': None if kind == 'unknown' else 'acme/nfs', 'pod': 'shop/web', 'uid': UID, 'volume': 'data', 'reason': 'no route to host',
             'count': 7, 'last': '2026-11-23T06:19:41Z', 'paths': []}
    return dict(facts, **changes)


def volume(mounted=False, empty=True):
    return {'path': VOLUME, 'mounted': mounted, 'empty': empty}


UID = '5f0e9c3a-7f5b-4a36-9d8e-2f1f3c6f0a11'
VOLUME = f'/var/lib/kubelet/pods/{UID}/volumes/acme~nfs/data'
ELSEWHERE = {'same': False, 'kubelet_path': '/usr/libexec/exec'}
ALONE = {'watches_plugin_dir': False}


@pytest.mark.parametrize('facts', [
    node(),
    node(drivers=[]),
    node(drivers=[driver(), driver('acme/cifs')], kubelet={'version': 'v1.20.2'}),
    node(kubelet={'version': None}),
    node(drivers=[driver(touch_timer=timer())]),
    node(drivers=[driver(init=None)]),
    node(drivers=[driver(watched=False)], kubelet=False),
    node(drivers=[], kubelet=False, plugin_dir={'exists': False}),
    node(kubelet=False, plugin_dir=dict(ELSEWHERE, kubelet_source='default')),
    node(drivers=[driver(watched=False)], kubelet=dict(ALONE, seconds=3)),
    node(kubelet=False, plugin_dir=dict(ELSEWHERE, kubelet_source='default'), abandoned=['acme/gone']),
    node(drivers=[], kubelet=dict(ALONE, seconds=3), plugin_dir={'exists': False}),
    node(drivers=[driver(touch_timer=timer(active=False))], kubelet=False),
    node(drivers=[driver(registered=None)]),
    node(drivers=[driver(host_paths=[host_path()])]),
    node(inotify={'max_user_instances': None, 'max_user_watches': None}),
    node(kubelet={'own_mount_namespace': True}),
])
def test_a_healthy_node_has_no_trouble(facts):
    assert troubles.find(facts) == []


@pytest.mark.parametrize(('facts', 'kind', 'where', 'words'), [
    (node(plugin_dir=ELSEWHERE), 'looks_elsewhere', PLUGINS, ['/usr/libexec/exec', f'--volume-plugin-dir={PLUGINS}', 'It says so.']),
    (node(kubelet=False, plugin_dir=ELSEWHERE), 'looks_elsewhere', PLUGINS, ['/usr/libexec/exec']),
    (node(kubelet={'own_mount_namespace': True}, plugin_dir={'seen_by_kubelet': False}), 'not_seen', PLUGINS, ['container', 'Mount', 'Because.']),
    (node(plugin_dir={'read_only': True}), 'read_only', PLUGINS, ['read-only', '/var/lib/kubelet/volumeplugins', '--flex-volume-plugin-dir']),
    (node(drivers=[], kubelet=ALONE, plugin_dir={'read_only': True, 'exists': False}), 'read_only', PLUGINS, ['runs without FlexVolume']),
    (node(plugin_dir={'noexec': True}), 'noexec', PLUGINS, ['noexec', '/etc/fstab']),
    (node(drivers=[failing()], plugin_dir={'noexec': True}), 'noexec', PLUGINS, ['cannot run any driver']),
    (node(drivers=[], kubelet=ALONE, plugin_dir={'exists': False}), 'gone', PLUGINS, ['systemctl restart kubelet.service']),
    (node(kubelet=ALONE, drivers=[driver(watched=False)]), 'not_watched', PLUGINS, ['pid 734', 'systemctl restart kubelet.service']),
    (node(kubelet=dict(ALONE, seconds=None, unit=None)), 'not_watched', PLUGINS, ['Restart the kubelet;']),
    (node(kubelet=ALONE, plugin_dir={'symlink': True, 'kubelet_path': '/link'}), 'not_watched', '/link', ['symbolic link', f'real directory, {PLUGINS}']),
    (node(vanished=['acme/gone']), 'vanished', 'acme/gone', [f'was deployed to {PLUGINS}', 'Deploy acme/gone again', 'removes its timer']),
    (node(vanished=['acme/gone'], abandoned=['acme/gone']), 'abandoned', 'acme/gone', ['Deploy acme/gone again']),
    (node(misplaced=['/usr/libexec/exec/acme~d']), 'misplaced', '/usr/libexec/exec/acme~d', [f'looks for drivers in {PLUGINS}', 'Deploy the driver again']),
    (node(drivers=[driver(registered=False)]), 'not_registered', f'{PLUGINS}/acme~nfs/nfs', ['did not load acme/nfs', f'touch {PLUGINS}/acme~nfs/nfs ']),
    (node(drivers=[driver(touch_timer=timer(failing=True))]), 'timer_fails', 'a.service', ['systemctl status a.service']),
    (node(drivers=[driver(watched=False)]), 'driver_not_watched', f'{PLUGINS}/acme~nfs', ['acme/nfs', 'Touch the directory']),
    (node(drivers=[driver(symlink=True, watched=False)]), 'symlink', f'{PLUGINS}/acme~nfs', ['symbolic link', 'Replace the link']),
    (node(drivers=[failing(symlink=True)]), 'symlink', f'{PLUGINS}/acme~nfs', ['neither probes nor watches']),
    (node(drivers=[driver(executable='missing', names=[], init=None)]), 'no_executable', f'{PLUGINS}/acme~nfs', [f'rm -r {PLUGINS}/acme~nfs']),
    (node(drivers=[driver(executable='missing', names=['.nfs'], init=None)]), 'no_executable', f'{PLUGINS}/acme~nfs', ['hidden name .nfs', 'mv ']),
    (node(drivers=[driver(executable='missing', names=['.x', 'nfs.sh'], init=None)]), 'no_executable', f'{PLUGINS}/acme~nfs', ['holds nfs.sh', 'calls nfs,']),
    (node(drivers=[driver(executable='missing', names=['nfs'], init=None)]), 'no_executable', f'{PLUGINS}/acme~nfs', ['leads nowhere']),
    (node(drivers=[driver(executable='no file', names=['nfs'], init=None)]), 'no_executable', f'{PLUGINS}/acme~nfs', ['not a regular file']),
    (node(drivers=[driver(executable='not executable', mode='0644', init=None)]), 'not_executable', f'{PLUGINS}/acme~nfs/nfs', ['0644', 'chmod 0755']),
    (node(drivers=[failing()]), 'init_fails', f'{PLUGINS}/acme~nfs/nfs', ['acme/nfs', 'it printed nothing.', f'{PLUGINS}/acme~nfs/nfs init']),
    (node(drivers=[failing(interpreter='/bin/zsh')]), 'init_fails', f'{PLUGINS}/acme~nfs/nfs', ['it printed nothing.']),
    (node(drivers=[driver(interpreter='jq', init=None)]), 'interpreter_missing', f'{PLUGINS}/acme~nfs/nfs', ["'jq'", 'on this node']),
    (node(drivers=[driver(interpreter='jq')], kubelet={'own_mount_namespace': True}), 'interpreter_missing', f'{PLUGINS}/acme~nfs/nfs', ['mount namespace']),
    (node(drivers=[driver(init={'seconds': 7.4, 'timed_out': False, 'defect': None})]), 'init_slow', f'{PLUGINS}/acme~nfs/nfs', ['took 7 s']),
    (node(drivers=[driver(init={'seconds': 10.2, 'timed_out': True, 'defect': 'it hung.'})]), 'init_slow', f'{PLUGINS}/acme~nfs/nfs',
     ['had not answered after 10 s']),
    (node(complaints=[complaint('unknown')]), 'pods_refused', PLUGINS, ['shop/web (7 times', '2026-11-23T06:19:41Z', 'no volume plugin matched']),
    (node(complaints=[complaint('mount')]), 'mount_fails', 'acme/nfs', ['shop/web', 'no route to host', 'tries again by itself']),
    (node(complaints=[complaint('mount', pod=f'shop/web-{number}') for number in range(7)]), 'mount_fails', 'acme/nfs', ['shop/web-4', 'and 2 more']),
    (node(complaints=[complaint('unmount', paths=[volume(mounted=True)])]), 'unmount_fails', 'acme/nfs', [f'umount {VOLUME} && rmdir {VOLUME}']),
    (node(complaints=[complaint('orphaned', paths=[volume()])]), 'orphaned', f'/var/lib/kubelet/pods/{UID}', [f'rmdir {VOLUME}']),
    (node(complaints=[complaint('orphaned', paths=[volume(empty=False)])]), 'orphaned', f'/var/lib/kubelet/pods/{UID}', [f'look at what lies in {VOLUME}']),
    (node(abandoned=['acme/gone']), 'abandoned', 'acme/gone', ['default/web (1-2)', 'Deploy acme/gone again']),
    (node(plugin_dir={'unsafe': True, 'doubt': '/opt belongs to eve.'}), 'not_believed', PLUGINS, ['/opt belongs to eve.', 'nothing is deployed']),
    (node(disbelieved=['Pid 5 pretends.']), 'impostor', 'kubelet', ['Pid 5 pretends.', 'who started it']),
    (node(drivers=[driver(unsafe=['/x'])]), 'unsafe', '/x', ['as root', 'chown root:root /x']),
    (node(drivers=[driver(touch_timer=timer(active=False))]), 'timer_asleep', 'a.timer', ['systemctl enable --now a.timer']),
    (node(drivers=[driver(host_paths=[host_path(mounted=False)])]), 'host_path_not_mounted', '/data/logs', ['lay on /data', 'Mount /data']),
    (node(drivers=[driver(host_paths=[host_path(exists=False)])]), 'host_path_missing', '/data/logs', ['acme/nfs', 'Deploy the driver again']),
    (node(drivers=[driver(prune_timer={'service': 'p.service', 'failing': True})]), 'prune_fails', 'p.service', ['journalctl --unit p.service']),
    (node(drivers=[driver(symlink=True)], kubelet={'version': 'v1.20.2'}), 'symlink', f'{PLUGINS}/acme~nfs', ['every later probe fails']),
    (node(strays=['nfs'], kubelet={'version': 'v1.20.2'}), 'stray', f'{PLUGINS}/nfs', ['fails every later probe']),
    (node(strays=['nfs']), 'stray', f'{PLUGINS}/nfs', ['vendor~nfs/nfs']),
    (node(inotify={'instances': 116}), 'inotify', 'fs.inotify.max_user_instances', ['116 of the 128', 'max_user_instances=256']),
    (node(inotify={'watches': 8000}), 'inotify', 'fs.inotify.max_user_watches', ['8000 of the 8192', 'max_user_watches=16384']),
])
def test_each_trouble_is_named_once_with_what_to_do(facts, kind, where, words):
    found = troubles.find(facts)
    assert [(trouble['trouble'], trouble['where']) for trouble in found] == [(kind, where)]
    text = found[0]['what'] + ' ' + found[0]['advice']
    assert [word for word in words if word not in text] == []


def test_a_trouble_names_the_driver_that_it_is_about():
    facts = node(drivers=[failing('a/a'), driver('b/b', unsafe=['/x'])], plugin_dir={'doubt': 'It is open.'}, abandoned=['c/c'])
    assert {(trouble['trouble'], trouble['driver']) for trouble in troubles.find(facts)} == {
        ('init_fails', 'a/a'), ('not_believed', None), ('unsafe', 'b/b'), ('abandoned', 'c/c')}


def test_every_broken_neighbour_is_named():
    drivers = [failing('a/a'), driver('b/b', executable='missing', names=[], init=None), failing('c/c'), driver('d/d')]
    assert sorted(kinds(node(drivers=drivers))) == ['init_fails', 'init_fails', 'no_executable']


def test_before_1_24_a_broken_driver_endangers_the_others():
    drivers = [failing('a/broken'), driver('b/empty', executable='missing', names=[], init=None), driver('c/good'), driver('d/link', symlink=True)]
    found = {trouble['trouble']: trouble for trouble in troubles.find(node(drivers=drivers, kubelet={'version': 'v1.23.17'}))}
    assert '(a/broken, b/empty)' in found['hides_others']['what'] and '(c/good)' in found['hides_others']['what']
    unknown = {trouble['trouble']: trouble for trouble in troubles.find(node(drivers=drivers, kubelet={'version': None}))}
    assert 'The kubelet is of an unknown version; before' in unknown['hides_others']['what']
    assert 'hides_others' not in kinds(node(drivers=drivers, kubelet={'version': 'v1.24.0'}))
    assert 'hides_others' not in kinds(node(drivers=drivers, kubelet=False))
    assert 'hides_others' not in kinds(node(drivers=drivers[:2], kubelet={'version': 'v1.23.17'}))


def test_before_1_24_what_is_no_driver_directory_endangers_the_drivers():
    misprobed = {'README': 'Delete /opt/plugins/README.'}
    [found] = troubles.find(node(misprobed=misprobed, kubelet={'version': 'v1.20.2'}))
    assert found['trouble'] == 'hides_others' and '(README)' in found['what'] and '(acme/nfs)' in found['what']
    assert found['advice'].startswith('Delete /opt/plugins/README. Then the kubelet takes the others')
    found = {trouble['trouble']: trouble for trouble in troubles.find(
        node(drivers=[failing('a/a'), driver('c/good', registered=False)], misprobed=misprobed, kubelet={'version': 'v1.20.2'}))}
    assert found['hides_others']['advice'].startswith('Repair a/a, or remove it, its executable first and then its directory. Delete /opt/plugins/README. Then')
    assert found['not_registered']['advice'].startswith('See to a/a and README first, then: touch ')
    assert kinds(node(misprobed=misprobed)) == []


def test_every_judge_is_asked_and_has_a_test():
    written = [value for value in vars(troubles).values() if getattr(value, '__module__', None) == troubles.__name__ and callable(value)]
    public = {function.__name__ for function in written if not function.__name__.startswith('_')} - {'find'}
    assert public == {judge.__name__ for judge in troubles.JUDGES}


def test_a_driver_that_is_lost_is_named_with_those_that_hide_it():
    drivers = [failing('a/broken', registered=False), driver('c/good', registered=False)]
    found = {(trouble['trouble'], trouble['driver']): trouble for trouble in troubles.find(node(drivers=drivers, kubelet={'version': 'v1.20.2'}))}
    assert set(found) == {('init_fails', 'a/broken'), ('hides_others', None), ('not_registered', 'c/good')}
    assert 'here a/broken' in found['not_registered', 'c/good']['what']
    assert found['not_registered', 'c/good']['advice'].startswith('See to a/broken first, then: touch ')


def test_many_lost_drivers_are_never_no_trouble():
    drivers = [driver(f'acme/d{number}', registered=number < 2) for number in range(24)]
    assert kinds(node(drivers=drivers)) == ['not_registered'] * 22
