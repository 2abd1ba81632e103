# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import neighbours, withdraw
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._kept import BAD, GOOD, NAME, events, put, seen


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
