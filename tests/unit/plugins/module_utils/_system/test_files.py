# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import errno
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


def test_a_tree_of_any_depth_is_removed_with_few_descriptors(tmp_path):
    top = tmp_path / 'top'
    top.mkdir()
    descriptor = os.open(str(top), os.O_RDONLY)
    for number in range(3000):
        os.mkdir('d', dir_fd=descriptor)
        if number % 100 == 0:
            os.close(os.open('file', os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
        deeper = os.open('d', os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    with files.opened(str(top)) as opened:
        identity = files.identity(opened)
    files.remove_tree(str(top), identity)
    assert list(tmp_path.iterdir()) == []


def test_a_tree_that_was_exchanged_is_not_removed(tmp_path):
    for name in ('looked_at', 'other'):
        (tmp_path / name).mkdir()
    with files.opened(str(tmp_path / 'looked_at')) as opened:
        identity = files.identity(opened)
    (tmp_path / 'looked_at').rename(tmp_path / 'kept')
    (tmp_path / 'other').rename(tmp_path / 'looked_at')
    with pytest.raises(OSError, match='somebody exchanged it'):
        files.remove_tree(str(tmp_path / 'looked_at'), identity)
    assert sorted(os.listdir(str(tmp_path))) == ['kept', 'looked_at']


def test_no_link_is_followed_to_a_directory(tmp_path):
    (tmp_path / 'theirs').mkdir()
    (tmp_path / 'link').symlink_to('theirs')
    for path in ('link', 'link/x'):
        with pytest.raises(NotADirectoryError) as refusal:
            files.make_directory(str(tmp_path / path), Outcome())
        assert refusal.value.filename == str(tmp_path / 'link')
    assert os.listdir(str(tmp_path / 'theirs')) == []


def test_a_missing_file_is_missing_on_a_read_only_file_system_too(monkeypatch, tmp_path):
    def refuse(path):
        raise OSError(errno.EROFS, 'Read-only file system', path)

    (tmp_path / 'there').touch()
    monkeypatch.setattr(os, 'unlink', refuse)
    files.unlink(str(tmp_path / 'missing'))
    with pytest.raises(OSError, match='Read-only file system'):
        files.unlink(str(tmp_path / 'there'))
