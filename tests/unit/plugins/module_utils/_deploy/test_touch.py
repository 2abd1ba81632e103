# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import errno
import functools
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import neighbours, program, records, timers, touch, touch_timer, withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome

NAME = DriverName('acme', 'd')
GOOD = '#!/bin/sh\necho \'{"status": "Success"}\'\n'
HELD = touch.lock.held
BAD = '#!/bin/sh\necho \'{"status": "Failure", "message": "no share"}\'\n'


@contextlib.contextmanager
def unheld(patience):
    yield


@contextlib.contextmanager
def held(patience):
    raise touch.lock.Held('Another run is at work.')
    yield  # pylint: disable=unreachable


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Keep records in a directory of the test's own."""
    monkeypatch.setattr(records, 'DIRECTORY', str(tmp_path / 'kept'))


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """A plugin dir with one driver that is deployed, on a node with an old kubelet."""
    kubelet = Kubelet(1, 'kubelet', ['kubelet'], {}, '/var/lib/kubelet', None)
    monkeypatch.setattr(touch.process, 'search', lambda: touch.process.Search(kubelet, []))
    monkeypatch.setattr(touch.process, 'version', lambda kubelet: 'v1.20.2')
    monkeypatch.setattr(touch.lock, 'held', unheld)
    put(tmp_path / 'plugins', 'acme~d', GOOD)
    keep(tmp_path / 'plugins')
    return tmp_path / 'plugins'


def keep(plugins, host_paths=(), heal=None):
    records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': list(host_paths), 'heal': heal}, Outcome(), check=False)


def put(plugins, directory, text):
    (plugins / directory).mkdir(parents=True, exist_ok=True)
    path = plugins / directory / directory.rpartition('~')[2]
    path.write_text(text)
    path.chmod(0o755)
    return path


def host_path(path, mount='/'):
    return dict(path=str(path), owner=None, group=None, mode='0750', selinux_type=None, own_mount=False, exec=False, min_free=None,
                min_free_inodes=None, mount=mount)


def test_a_driver_that_works_may_be_touched(plugins):
    assert touch.refusal(NAME, []) == ''


def test_a_driver_whose_init_fails_must_not_be_touched(plugins):
    put(plugins, 'acme~d', BAD)
    assert 'no share' in touch.refusal(NAME, [])


def test_while_another_run_is_at_work_nothing_is_tidied_but_the_driver_is_asked(plugins, monkeypatch):
    monkeypatch.setattr(touch.lock, 'held', held)
    (plugins / '.flexvolume-acme~other').mkdir()
    (plugins / 'b~empty').mkdir()
    assert touch.refusal(NAME, []) == ''
    assert (plugins / '.flexvolume-acme~other').exists()
    assert not os.path.exists(records.healed())
    monkeypatch.setattr(touch.lock, 'held', unheld)
    assert touch.refusal(NAME, []) == ''
    assert not (plugins / '.flexvolume-acme~other').exists()


def test_a_driver_that_hangs_is_given_up_in_time(plugins, monkeypatch):
    monkeypatch.setattr(touch.callout.init, '__defaults__', (0.2,))
    put(plugins, 'acme~d', '#!/bin/sh\nsleep 60\n')
    assert 'had not finished' in touch.refusal(NAME, [])


def test_a_timer_without_a_record_touches_nothing(plugins):
    assert 'there is no record' in touch.refusal(DriverName('acme', 'other'), [])


def test_a_host_path_that_went_with_the_boot_is_made_again(plugins, tmp_path):
    keep(plugins, [host_path(tmp_path / 'base')])
    assert touch.refusal(NAME, []) == ''
    assert os.stat(str(tmp_path / 'base')).st_mode & 0o7777 == 0o750
    os.chmod(str(tmp_path / 'base'), 0o700)
    touch.refusal(NAME, [])
    assert os.stat(str(tmp_path / 'base')).st_mode & 0o7777 == 0o700


def test_the_touch_of_another_driver_is_waited_for_as_it_makes_none_but_its_own_host_paths(plugins, tmp_path, monkeypatch):
    keep(plugins, [host_path(tmp_path / 'base')])
    monkeypatch.setattr(touch.lock, 'held', functools.partial(HELD, str(tmp_path / 'lock')))
    touched = threading.Thread(target=touch.refusal, args=(NAME, []))
    with HELD(str(tmp_path / 'lock')):
        touched.start()
        time.sleep(0.2)
    touched.join()
    assert (tmp_path / 'base').is_dir()


def test_what_a_deploy_withdrew_while_its_touch_waited_is_not_made_again(plugins, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def withdrawn(patience):
        records.keep(NAME, {}, Outcome(), check=False)
        yield

    keep(plugins, [host_path(tmp_path / 'base')])
    monkeypatch.setattr(touch.lock, 'held', withdrawn)
    assert 'there is no record' in touch.refusal(NAME, [])
    assert not (tmp_path / 'base').exists() and not os.path.exists(records.healed())


def test_a_host_path_whose_mount_is_missing_is_not_made_on_the_disk_below(plugins, tmp_path):
    keep(plugins, [host_path(tmp_path / 'disk' / 'base', mount=str(tmp_path / 'disk'))])
    with pytest.raises(NodeError, match=r'base lay on .*disk, where nothing is mounted now: mount it'):
        touch.refusal(NAME, [])
    assert not (tmp_path / 'disk').exists()


@pytest.mark.parametrize('heal, version, healed', [
    (None, 'v1.20.2', True), (None, 'v1.25.10', False), (None, None, True), (True, 'v1.25.10', True), (False, 'v1.20.2', False)])
def test_a_directory_without_an_executable_is_healed_where_the_kubelet_needs_it(plugins, monkeypatch, heal, version, healed):
    asked = []
    monkeypatch.setattr(touch.process, 'version', lambda kubelet: asked.append(1) or version)
    keep(plugins, heal=heal)
    (plugins / 'b~empty').mkdir()
    before = os.stat(str(plugins / 'b~empty')).st_mtime_ns
    touch.refusal(NAME, [])
    touch.refusal(NAME, [])
    assert (os.stat(str(plugins / 'b~empty')).st_mtime_ns != before) is healed
    assert os.listdir(str(plugins / 'b~empty')) == []
    assert len(asked) == (heal is None)


def test_main_says_why_once_and_forgets_it_when_all_is_well(plugins, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['touch', 'acme/d'])
    assert (touch.main(), capsys.readouterr().err) == (0, '')
    put(plugins, 'acme~d', BAD)
    assert touch.main() == 1
    assert capsys.readouterr().err.startswith('<4>acme/d is not touched: init answers Failure: no share')
    assert (touch.main(), capsys.readouterr().err) == (1, '')
    put(plugins, 'acme~d', GOOD)
    assert touch.main() == 0
    put(plugins, 'acme~d', BAD)
    touch.main()
    assert 'no share' in capsys.readouterr().err


@pytest.mark.parametrize('text, touched', [(GOOD, True), (BAD, False)])
def test_main_makes_the_touch_itself_where_systemd_leaves_it_to_it(plugins, monkeypatch, text, touched):
    driver = put(plugins, 'acme~d', text)
    made = []
    monkeypatch.setattr(sys, 'argv', ['touch', 'acme/d', '/usr/bin/touch', '-c', str(driver)])
    monkeypatch.setattr(os, 'execv', lambda path, words: made.append((path, words)))
    assert touch.main() == 0
    assert made == ([('/usr/bin/touch', ['/usr/bin/touch', '-c', str(driver)])] if touched else [])


def events(plugins, monkeypatch):
    made = []
    mkdir, rmdir = os.mkdir, os.rmdir
    monkeypatch.setattr(os, 'mkdir', lambda path, *mode: made.append(('mkdir', path)) or mkdir(path, *mode))
    monkeypatch.setattr(os, 'rmdir', lambda path: made.append(('rmdir', path)) or rmdir(path))
    return made


def test_what_heals_is_removed_again_and_only_after_a_change(plugins, monkeypatch):
    (plugins / 'b~empty').mkdir()
    made = events(plugins, monkeypatch)
    path = str(plugins / 'b~empty' / 'empty')
    assert neighbours.heal(str(plugins), lambda: True) == ['b/empty']
    assert [event for event in made if event[1] == path] == [('mkdir', path), ('rmdir', path)]
    assert neighbours.heal(str(plugins), lambda: True) == []
    os.utime(str(plugins / 'b~empty'))
    assert neighbours.heal(str(plugins), lambda: True) == ['b/empty']


def test_nothing_of_a_neighbour_is_changed(plugins):
    for directory in ('b~broken', 'b~dead', 'b~link'):
        (plugins / directory).mkdir()
    put(plugins, 'b~broken', BAD)
    (plugins / 'b~dead' / 'dead').symlink_to('/nowhere')
    (plugins / 'c~linked').symlink_to('b~link')
    before = sorted((str(path), os.lstat(str(path)).st_ctime_ns) for path in plugins.rglob('*') if path.name != 'b~link')
    assert neighbours.heal(str(plugins), lambda: True) == ['b/link']
    assert sorted((str(path), os.lstat(str(path)).st_ctime_ns) for path in plugins.rglob('*') if path.name != 'b~link') == before


def test_an_executable_that_comes_while_it_is_healed_stays(plugins, monkeypatch):
    (plugins / 'b~empty').mkdir()
    rmdir = os.rmdir

    def replaced(path):
        rmdir(path)
        put(plugins, 'b~empty', GOOD)
        rmdir(path)

    monkeypatch.setattr(os, 'rmdir', replaced)
    neighbours.heal(str(plugins), lambda: True)
    assert (plugins / 'b~empty' / 'empty').read_text() == GOOD


def test_what_a_killed_healing_left_is_removed_by_the_next(plugins):
    (plugins / 'b~empty' / 'empty').mkdir(parents=True)
    seen(plugins, begun=plugins / 'b~empty' / 'empty')
    assert neighbours.heal(str(plugins), lambda: True) == ['b/empty']
    assert os.listdir(str(plugins / 'b~empty')) == []


def seen(plugins, begun='', there=()):
    neighbours._write({str(plugins): {'begun': str(begun), 'empty': {}, 'there': list(there)}})


def test_what_went_is_healed_once_and_leaves_nothing(plugins, monkeypatch):
    """Moved away, it is probed for ever; removed, there is nothing to heal, and no harm in it."""
    put(plugins, 'b~moved', GOOD)
    (plugins / 'README').write_text('Drivers.')
    made = events(plugins, monkeypatch)
    assert neighbours.heal(str(plugins), lambda: True) == []
    (plugins / 'b~moved').rename(plugins.parent / 'b~moved')
    (plugins / 'README').unlink()
    assert neighbours.heal(str(plugins), lambda: True) == ['README', 'b/moved']
    paths = [str(plugins / 'README'), str(plugins / 'b~moved')]
    assert [event for event in made if event[1] in paths] == [(action, path) for path in paths for action in ('mkdir', 'rmdir')]
    assert neighbours.heal(str(plugins), lambda: True) == []
    assert sorted(os.listdir(str(plugins))) == ['acme~d']


def test_what_was_withdrawn_in_good_order_leaves_no_name_to_heal(plugins, monkeypatch):
    """The empty directory in its place would be one that a probe may meet."""
    assert neighbours.heal(str(plugins), lambda: True) == []
    withdraw.ensure([{'name': NAME, 'state': 'absent'}], str(plugins), None, check=False).settle()
    made = events(plugins, monkeypatch)
    assert neighbours.heal(str(plugins), lambda: True) == []
    assert made == []


def test_what_came_back_in_time_is_left_alone(plugins):
    seen(plugins, there=['acme~d', 'b~back'])
    put(plugins, 'b~back', GOOD)
    assert neighbours.heal(str(plugins), lambda: True) == []
    assert (plugins / 'b~back' / 'back').read_text() == GOOD


def test_what_comes_back_while_its_name_is_cleared_stays(plugins, monkeypatch):
    seen(plugins, there=['b~back'])
    rmdir = os.rmdir

    def in_between(path):
        put(plugins, 'b~back', GOOD)
        rmdir(path)

    monkeypatch.setattr(os, 'rmdir', in_between)
    neighbours.heal(str(plugins), lambda: True)
    assert (plugins / 'b~back' / 'back').read_text() == GOOD


def test_a_killed_clearing_of_a_name_is_finished_by_the_next(plugins):
    (plugins / 'b~moved').mkdir()
    seen(plugins, begun=plugins / 'b~moved', there=['b~moved'])
    assert neighbours.heal(str(plugins), lambda: True) == ['b/moved']
    assert sorted(os.listdir(str(plugins))) == ['acme~d']


def test_what_went_from_one_plugin_dir_is_not_looked_for_in_another(plugins, tmp_path, monkeypatch):
    (tmp_path / 'others').mkdir()
    (tmp_path / 'others' / 'README').write_text('')
    neighbours.heal(str(tmp_path / 'others'), lambda: True)
    made = events(plugins, monkeypatch)
    assert neighbours.heal(str(plugins), lambda: True) == []
    assert neighbours.heal(str(tmp_path / 'others'), lambda: True) == []
    assert [path for _action, path in made if 'others' in path or 'plugins/' in path] == []


def test_a_neighbour_that_cannot_be_helped_keeps_neither_ours_nor_others_from_it(plugins, monkeypatch):
    for directory in ('a~baked', 'b~empty'):
        (plugins / directory).mkdir()
    mkdir = os.mkdir

    def read_only(path, mode=0o777):
        if 'a~baked' in path:
            raise OSError(errno.EROFS, 'Read-only file system')
        mkdir(path, mode)

    monkeypatch.setattr(os, 'mkdir', read_only)
    made = events(plugins, monkeypatch)
    assert touch.refusal(NAME, []) == ''
    assert ('rmdir', str(plugins / 'b~empty' / 'empty')) in made


def test_what_somebody_copied_into_the_helping_directory_stays_and_stops_no_touch(plugins, monkeypatch):
    (plugins / 'b~empty' / 'empty').mkdir(parents=True)
    (plugins / 'b~empty' / 'empty' / 'driver').write_text(GOOD)
    seen(plugins, begun=plugins / 'b~empty' / 'empty')
    assert (touch.refusal(NAME, []), touch.refusal(NAME, [])) == ('', '')
    assert (plugins / 'b~empty' / 'empty' / 'driver').read_text() == GOOD


def test_what_cannot_be_recovered_of_another_driver_is_said_once_and_stops_no_touch(plugins, monkeypatch, capsys):
    (plugins / '.flexvolume-acme~other').mkdir()
    (plugins / '.flexvolume-acme~other' / '.intention').write_text('cut')
    monkeypatch.setattr(sys, 'argv', ['touch', 'acme/d'])
    assert touch.main() == 0
    assert 'was left by a run that was killed, and cannot be finished' in capsys.readouterr().err
    assert (touch.main(), capsys.readouterr().err) == (0, '')


def test_what_cannot_be_recovered_keeps_nobody_else_from_being_helped(plugins):
    """The one that is stuck comes first, whatever is stuck: a half-written intention, or a name that belongs to no driver."""
    for stuck in ('acme~a', 'nonsense'):
        (plugins / f'.flexvolume-{stuck}').mkdir()
        (plugins / f'.flexvolume-{stuck}' / '.intention').write_text('cut')
    (plugins / '.flexvolume-zeta~z').mkdir()
    (plugins / 'b~empty').mkdir()
    remarks = []
    assert touch.refusal(NAME, remarks) == ''
    assert not (plugins / '.flexvolume-zeta~z').exists()
    assert os.path.exists(records.healed())
    assert [remark.count('cannot be finished') for remark in remarks] == [2]
    assert '.flexvolume-acme~a was left' in remarks[0] and 'zeta' not in remarks[0]


def test_a_full_disk_stops_no_touch_and_no_help(plugins, monkeypatch, capsys):
    (plugins / 'b~empty').mkdir()

    def full(path, content):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(records, 'write', full)
    monkeypatch.setattr(sys, 'argv', ['touch', 'acme/d'])
    made = events(plugins, monkeypatch)
    assert touch.main() == 0
    assert f'{records.healed()} cannot be written (No space left on device): see to its file system.' in capsys.readouterr().err
    path = str(plugins / 'b~empty' / 'empty')
    assert made == [('mkdir', path), ('rmdir', path)]


def test_broken_neighbours_are_named_and_ours_are_not_asked(plugins):
    put(plugins, 'b~broken', BAD)
    put(plugins, 'b~good', GOOD)
    (plugins / 'c~empty').mkdir()
    strangers = neighbours.strangers([NAME], str(plugins))
    assert strangers == ['b~broken', 'b~good', 'c~empty']
    found = neighbours.broken(strangers, str(plugins), None)
    assert set(found) == {'b/broken', 'c/empty'}
    assert 'b/broken: init answers Failure: no share; c/empty: ' in neighbours.sentence(found, {}, 'v1.20.2')
    assert neighbours.sentence({}, {}, 'v1.20.2') == ''


def test_the_program_is_made_of_all_that_it_imports_and_runs(plugins, tmp_path):
    outcome = Outcome()
    program.install(outcome)
    command = program.command()
    done = subprocess.run([sys.executable, *command[1:], 'nonsense'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    assert (done.returncode, done.stdout.startswith("'nonsense' is no driver name")) == (2, True)
    loaded = {name for name in sys.modules if name.startswith(program.HOUSE + '.')}
    assert {f'{program.HOUSE}.{room.replace("/", ".")}' for room in touch.ROOMS} <= loaded
    program.install(outcome)
    assert len(outcome.undo) == 1
    program.tidy()
    assert os.path.isdir(command[-1])
    bundle = tmp_path / 'kept' / 'flexvolume-node.pyz'
    bundle.write_text('which the node applies by itself')
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert os.listdir(records.DIRECTORY) == [bundle.name]
    bundle.unlink()
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)


@pytest.mark.parametrize('version', [237, 252])
def test_a_program_that_the_timer_of_any_driver_runs_stays(plugins, tmp_path, monkeypatch, version):
    monkeypatch.setattr(touch_timer.systemd, 'version', lambda: version)
    monkeypatch.setattr(timers.systemd, 'UNIT_DIR', str(tmp_path / 'units'))
    (tmp_path / 'units').mkdir()
    program.install(Outcome())
    for name in ('touch-older', 'touch-oldest'):
        os.mkdir(os.path.join(records.DIRECTORY, name))
    service = touch_timer.texts(NAME, '15s', '/plugins', ['kubelet.service'], f'/usr/bin/python3 -I -S {records.DIRECTORY}/touch-older', [])[1]
    (tmp_path / 'units' / 'flexvolume-touch-acme-d.service').write_text(service)
    assert timers.program_of('flexvolume-touch-acme-d.service') == f'{records.DIRECTORY}/touch-older'
    program.tidy()
    assert {name for name in os.listdir(records.DIRECTORY) if name.startswith('touch-')} == {'touch-older', os.path.basename(program.command()[-1])}


def test_a_program_that_a_timer_lost_is_a_difference(plugins, tmp_path, monkeypatch):
    monkeypatch.setattr(timers.systemd, 'UNIT_DIR', str(tmp_path / 'units'))
    (tmp_path / 'units').mkdir()
    outcome = Outcome()
    program.install(outcome, check=True)
    assert not outcome.changed and not os.path.exists(program.command()[-1])
    service = touch_timer.texts(NAME, '15s', '/plugins', ['kubelet.service'], ' '.join(program.command()), [])[1]
    (tmp_path / 'units' / 'flexvolume-touch-acme-d.service').write_text(service)
    program.install(outcome, check=True)
    assert ([entry['before_header'] for entry in outcome.diff], os.path.exists(program.command()[-1])) == ([program.command()[-1]], False)
    program.install(outcome)
    again = Outcome()
    program.install(again, check=True)
    assert os.path.isdir(program.command()[-1]) and not again.changed


def test_an_installation_that_is_stopped_leaves_nothing(plugins, monkeypatch):
    def stop(*_paths):
        raise KeyboardInterrupt

    before = os.listdir(records.DIRECTORY)
    monkeypatch.setattr(program.os, 'rename', stop)
    with pytest.raises(KeyboardInterrupt):
        program.install(Outcome())
    assert os.listdir(records.DIRECTORY) == before


def test_a_program_of_which_a_part_is_missing_fails_and_is_installed_anew(plugins):
    command = [sys.executable, *program.command()[1:], 'nonsense']
    for _time in range(2):
        program.install(Outcome())
        assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 2
        os.unlink(f'{command[-2]}/flexvolume/_names.py')
        shutil.rmtree(f'{command[-2]}/flexvolume/__pycache__', ignore_errors=True)
        done = subprocess.run(command, stderr=subprocess.PIPE, universal_newlines=True, check=False)
        assert done.returncode == 255
        assert done.stderr.startswith(f'<3>{command[-2]} is broken (') and done.stderr.count('\n') == 1


def test_a_program_that_writes_while_it_is_removed_goes_all_the_same(plugins, monkeypatch):
    program.install(Outcome())
    rmtree, times = shutil.rmtree, []

    def beside_it(path, **keywords):
        rmtree(path, **keywords)
        times.append(path)
        if len(times) < 3:
            os.makedirs(os.path.join(path, '__pycache__'))

    monkeypatch.setattr(shutil, 'rmtree', beside_it)
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)


def test_a_record_remembers_since_when_the_driver_is_there(plugins):
    since = records.read(NAME)['since']
    assert since == os.stat(str(plugins / 'acme~d' / 'd')).st_mtime
    os.utime(str(plugins / 'acme~d' / 'd'))
    keep(plugins, heal=True)
    assert records.read(NAME)['since'] == since


def test_without_a_record_a_driver_counts_from_its_last_change(plugins):
    executable = plugins / 'acme~d' / 'd'
    assert records.since(records.read(NAME), str(executable)) == records.read(NAME)['since']
    assert records.since({}, str(executable)) == os.stat(str(executable)).st_ctime
    assert records.since({}, str(plugins / 'nowhere')) == 0


def test_a_record_is_on_the_disk_before_it_has_its_name(plugins, monkeypatch):
    """A power cut would leave an empty one, and nothing touches the driver of such a one."""
    done = []
    monkeypatch.setattr(os, 'fsync', lambda descriptor: done.append('fsync'))
    rename = os.rename
    monkeypatch.setattr(os, 'rename', lambda source, target: done.append('rename') or rename(source, target))
    records.write(records.path(NAME), '{}')
    assert done == ['fsync', 'rename']


def test_a_record_that_cannot_be_read_is_refused_with_a_sentence(plugins):
    records.write(records.path(NAME), '{"plugin_dir": ')
    with pytest.raises(NodeError, match=r'The record .*acme~d\.driver\.json cannot be read .*: deploy acme/d again'):
        records.read(NAME)


@pytest.mark.parametrize('damage', ['', '{"plugin_dir": '])
def test_deploying_again_writes_a_damaged_record_anew_and_withdrawing_removes_it(plugins, damage):
    whole = records.read(NAME)
    with open(records.path(NAME), 'w', encoding='utf-8') as record:
        record.write(damage)
    outcome = Outcome()
    records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': [], 'heal': None}, outcome, check=False)
    assert records.read(NAME) == whole
    assert [change['before'] for change in outcome.diff] == ['state: damaged\n']
    with open(records.path(NAME), 'w', encoding='utf-8') as record:
        record.write(damage)
    records.keep(NAME, {}, Outcome(), check=False)
    assert not os.path.exists(records.path(NAME))


def test_what_a_writer_that_was_killed_left_goes_with_the_last_record(plugins):
    for path in (records.path(NAME), records.said(NAME), records.healed()):
        with open(f'{path}.new', 'w', encoding='utf-8') as unfinished:
            unfinished.write('{')
    program.tidy()
    assert os.path.exists(records.path(NAME))
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)


def test_a_record_for_which_the_disk_is_too_full_is_named(plugins):
    os.symlink('/dev/full', f'{records.path(NAME)}.new')
    with pytest.raises(NodeError, match=r'The record .*acme~d\.driver\.json cannot be written \(No space left on device\): see to its file system'):
        records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': [], 'heal': True}, Outcome(), check=False)
