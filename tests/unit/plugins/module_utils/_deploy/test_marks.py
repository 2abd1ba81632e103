# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import marks
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._published import NAME, Node, mark, script

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='what is published is given to root')


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / 'kubelet' / 'plugins')


def test_a_driver_that_was_published_is_known_again_and_one_of_somebody_else_is_not(node):
    node.deploy(script(1))
    (node.dir / 'acme~theirs').mkdir()
    (node.dir / 'acme~theirs' / 'theirs').write_text(script(1))
    (node.dir / '.flexvolume-acme~half').mkdir()
    assert marks.published(str(node.dir)) == [NAME]
    assert marks.published(str(node.dir / 'nowhere')) == []


def test_a_mark_that_is_not_roots_or_no_file_marks_nothing(node):
    node.deploy(script(1))
    os.chown(node.place.mark, 65534, 65534)
    assert marks.published(str(node.dir)) == []
    os.unlink(node.place.mark)
    os.mkdir(node.place.mark)
    assert marks.published(str(node.dir)) == []


def previous_of(node):
    file = node.files().get('acme~d/.previous')
    return file and file[2]


def test_a_corrupted_driver_that_is_repaired_is_no_version_to_go_back_to(node):
    """Its init may well succeed: what somebody, or the disk, made of it was never published."""
    node.deploy(script(1))
    node.deploy(script(2))
    evil = script('evil')
    for content in (evil, ''):
        with open(node.place.executable, 'w') as file:
            file.write(content)
        outcome = node.deploy(script(2))
        assert ['is not kept: the previous version stays the one before it' in warning for warning in outcome.warnings] == [True]
        assert (node.files()['acme~d/d'][2], previous_of(node)) == (script(2), script(1))
    assert node.gone_back().changed
    assert node.files()['acme~d/d'][2] == script(1)


def test_a_new_version_over_a_corrupted_one_keeps_the_one_before_and_check_mode_says_so(node):
    node.deploy(script(1))
    with open(node.place.executable, 'w') as file:
        file.write(script('evil'))
    assert len(node.publish(script(2), check=True).warnings) == 1
    node.deploy(script(2))
    assert previous_of(node) is None
    outcome = node.deploy(script(3))
    assert (outcome.warnings, previous_of(node)) == ([], script(2))


def test_a_corrupted_driver_is_corrupted_still_when_its_repair_is_taken_back(node):
    node.deploy(script(1))
    with open(node.place.executable, 'w') as file:
        file.write(script('evil'))
    before = node.files()
    assert node.publish(script(2)).take_back() == []
    assert node.files() == before
    node.deploy(script(2))
    assert previous_of(node) is None


def test_a_run_that_is_killed_while_it_takes_back_leaves_a_mark_of_what_is_there(node):
    node.deploy(script(1))
    outcome = node.publish(script(2))
    while outcome.undo:
        assert not marks.is_strange(node.place)
        outcome.undo.pop()()
    assert not marks.is_strange(node.place)
    with open(node.place.mark, encoding='utf-8') as file:
        assert file.read() == mark(script(1))


def test_of_a_driver_that_was_marked_before_marks_held_checksums_the_old_version_is_kept(node):
    node.deploy(script(1))
    with open(node.place.mark, 'w') as file:
        file.write(mark())
    outcome = node.deploy(script(2))
    assert (outcome.warnings, previous_of(node)) == ([], script(1))


def test_a_driver_of_somebody_else_is_marked_once_it_is_published_and_no_longer_when_that_is_taken_back(node):
    (node.dir / 'acme~d').mkdir(parents=True)
    (node.dir / 'acme~d' / 'd').write_text(script(1))
    node.publish(script(2)).take_back()
    assert marks.published(str(node.dir)) == []
    node.deploy(script(2))
    assert marks.published(str(node.dir)) == [NAME]


def test_a_driver_from_before_there_were_marks_is_marked_once(node):
    node.deploy(script(1))
    os.unlink(node.place.mark)
    assert node.deploy(script(1)).changed
    assert (marks.published(str(node.dir)), node.deploy(script(1)).changed) == ([NAME], False)
