# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import fcntl
import os
import stat

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import files


def mode_of(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


@pytest.fixture
def strict_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize('path', ['a/b', 'a/b/', 'a//b', 'a/./b/.'])
def test_a_directory_and_its_parents_are_made_for_everyone_to_read_whatever_the_umask(tmp_path, strict_umask, path):
    outcome = Outcome()
    files.make_directory(f'{tmp_path}/{path}', outcome)
    assert (mode_of(tmp_path / 'a'), mode_of(tmp_path / 'a' / 'b')) == (0o755, 0o755)
    assert outcome.take_back() == []
    assert not (tmp_path / 'a').exists()


def test_parents_that_were_there_stay_as_they_were(tmp_path):
    (tmp_path / 'a').mkdir(mode=0o700)
    outcome = Outcome()
    files.make_directory(str(tmp_path / 'a' / 'b'), outcome)
    outcome.take_back()
    assert mode_of(tmp_path / 'a') == 0o700


def test_a_directory_that_somebody_filled_meanwhile_is_left_and_told(tmp_path):
    outcome = Outcome()
    files.make_directory(str(tmp_path / 'a'), outcome)
    (tmp_path / 'a' / 'file').write_text('theirs')
    assert len(outcome.take_back()) == 1
    assert (tmp_path / 'a' / 'file').read_text() == 'theirs'


@pytest.mark.parametrize('step', [files.move_over, files.link_over])
def test_a_missing_source_leaves_no_target(tmp_path, step):
    (tmp_path / 'target').write_text('old')
    step(str(tmp_path / 'source'), str(tmp_path / 'target'))
    assert list(tmp_path.iterdir()) == []


def test_moving_leaves_the_target_alone(tmp_path):
    (tmp_path / 'source').write_text('new')
    (tmp_path / 'target').write_text('old')
    files.move_over(str(tmp_path / 'source'), str(tmp_path / 'target'))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [('target', 'new')]


def test_linking_gives_one_file_two_names(tmp_path):
    (tmp_path / 'source').write_text('new')
    (tmp_path / 'target').write_text('old')
    files.link_over(str(tmp_path / 'source'), str(tmp_path / 'target'))
    assert os.path.samefile(str(tmp_path / 'source'), str(tmp_path / 'target'))


def try_to_lock(directory):
    descriptor = os.open(str(directory), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def test_a_locked_directory_is_nobody_elses_until_it_is_released_and_nothing_is_left(tmp_path):
    with files.lock(str(tmp_path)), pytest.raises(BlockingIOError):
        try_to_lock(tmp_path)
    try_to_lock(tmp_path)
    assert list(tmp_path.iterdir()) == []
