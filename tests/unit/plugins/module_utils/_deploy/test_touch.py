# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import errno
import functools
import os
import sys
import threading
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import records, touch
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._kept import BAD, GOOD, NAME, events, keep, put, seen, unheld

HELD = touch.lock.held


@contextlib.contextmanager
def held(patience):
    raise touch.lock.Held('Another run is at work.')
    yield  # pylint: disable=unreachable


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
