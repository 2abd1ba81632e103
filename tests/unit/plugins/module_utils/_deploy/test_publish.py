# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import obstacles, publish, withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._published import NAME, Node, driver, mark, script

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='what is published is given to root')


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / 'kubelet' / 'plugins')


def test_on_an_empty_node_check_mode_tells_of_the_driver_and_makes_nothing(node, tmp_path):
    outcome = node.publish(script(1), check=True, config={'base': '/x'})
    assert outcome.facts['published'] == ['acme/d']
    assert [entry['before'] for entry in outcome.diff] == ['', '']
    assert [entry['after'][:9] for entry in outcome.diff] == ['size: 66\n', 'base: ***']
    assert list(tmp_path.iterdir()) == []


def test_a_new_driver_is_roots_and_executable_and_its_config_for_root_alone_whatever_the_umask(node):
    before = os.umask(0o077)
    try:
        node.deploy(script(1), config={'base': '/x'})
    finally:
        os.umask(before)
    assert node.files() == {
        '.': (0o755, 0, None), 'acme~d': (0o755, 0, None), 'acme~d/d': (0o755, 0, script(1)), 'acme~d/.config.json': (0o600, 0, '{\n  "base": "/x"\n}\n'),
        'acme~d/.nodeops.flexvolume': (0o600, 0, mark(script(1)))}


def test_a_power_cut_leaves_the_whole_driver_or_the_one_before(node, renamed):
    node.deploy(script(1), config={'v': 1})
    node.deploy(script(2), config={'v': 2})
    node.gone_back()
    assert renamed


def test_the_same_again_changes_nothing(node):
    node.deploy(script(1), config={'a': 1, 'b': 2})
    again = node.deploy(script(1), config={'b': 2, 'a': 1})
    assert (again.changed, again.diff, again.facts) == (False, [], {'published': [], 'awaited': []})


def test_the_driver_keeps_its_directory_when_it_is_replaced_since_the_kubelet_watches_that(node):
    node.deploy(script(1))
    inode = os.stat(node.place.directory).st_ino
    node.deploy(script(2))
    assert os.stat(node.place.directory).st_ino == inode
    assert (node.files()['acme~d/d'][2], node.files()['acme~d/.previous'][2]) == (script(2), script(1))


def test_going_back_brings_the_old_version_with_its_config_and_happens_once(node):
    node.deploy(script(1), config={'v': 1})
    before = node.files()
    node.deploy(script(2), config={'v': 2})
    assert node.gone_back().changed
    assert node.files() == before
    assert not node.gone_back().changed


@pytest.mark.parametrize('config', [None, {'v': 3}])
@pytest.mark.parametrize('state', ['present', 'previous'])
def test_what_is_taken_back_is_as_if_it_had_never_been_with_the_version_before_last_too(node, state, config):
    node.deploy(script(1), config={'v': 1})
    node.deploy(script(2))
    (node.dir / 'acme~d' / 'more').write_text('of the administrator')
    before = node.files()
    if state == 'present':
        outcome = node.publish(script(3), config=config)
    else:
        outcome = node.go_back()
    assert node.files()['acme~d/d'] != before['acme~d/d']
    assert outcome.take_back() == []
    assert node.files() == before


def test_a_new_driver_that_is_taken_back_leaves_nothing_of_the_plugin_dir_that_was_made_for_it(node, tmp_path):
    assert node.publish(script(1)).take_back() == []
    assert list(tmp_path.iterdir()) == []


def test_a_driver_put_into_a_directory_without_one_is_taken_back_alone(node):
    (node.dir / 'acme~d').mkdir(parents=True)
    (node.dir / 'acme~d' / 'data').write_text('of the administrator')
    before = node.files()
    assert node.publish(script(1)).take_back() == []
    assert node.files() == before


def test_a_driver_whose_init_fails_is_refused_and_the_old_one_stays(node):
    node.deploy(script(1), config={'v': 1})
    before = node.files()
    with pytest.raises(NodeError, match=r'acme/d is not published because its init fails: .*no share'):
        node.publish(script(2, 'Failure'))
    assert node.files() == before


def test_one_driver_that_is_refused_keeps_all_from_being_published(node, tmp_path):
    with pytest.raises(NodeError, match='acme/bad is not published'):
        node.publish(script(1), script(1, 'Failure'), names=(NAME, DriverName('acme', 'bad')))
    assert list(tmp_path.iterdir()) == []


def test_init_reads_the_config_that_it_will_have(node):
    node.deploy('#!/bin/sh\ngrep -q right "${0%/*}/.config.json" && echo \'{"status": "Success"}\'\n', config='right')
    assert os.path.exists(node.place.executable)


def test_a_disk_that_fails_at_the_very_end_leaves_all_as_it_was(node, monkeypatch):
    node.deploy(script(1), config={'v': 1})
    before = node.files()

    failing = [True]

    def sync(directory):
        if directory == node.place.directory and failing:
            failing.pop()
            raise OSError(errno.EIO, 'Input/output error')

    monkeypatch.setattr(publish.files, 'sync', sync)
    with pytest.raises(NodeError, match=r'could not be written to .*plugins \(Input/output error\).*what was there is unchanged'):
        node.publish(script(2))
    assert node.files() == before


def test_a_wrong_mode_is_put_right_without_publishing_anew(node):
    node.deploy(script(1), config={})
    before = node.files()
    inode = os.stat(node.place.executable).st_ino
    os.chmod(node.place.executable, 0o644)
    os.chmod(node.place.config, 0o644)
    assert node.deploy(script(1), config={}).changed
    assert (node.files(), os.stat(node.place.executable).st_ino) == (before, inode)


def test_a_driver_of_somebody_else_gets_a_config_and_keeps_it_when_none_is_named(node):
    node.deploy(script(1))
    publish.ensure([driver(config={'v': 1})], {}, str(node.dir), None, False, True).settle()
    assert node.files()['acme~d/.config.json'][2] == '{\n  "v": 1\n}\n'
    assert not publish.ensure([driver()], {}, str(node.dir), None, False, True).changed


def test_a_checksum_that_the_node_has_asks_for_nothing_and_another_one_for_the_executable(node):
    node.deploy(script(1))
    same = Payload(path=node.place.executable).sha256
    assert not publish.ensure([driver()], {NAME: Payload(sha256=same)}, str(node.dir), None, False, True).changed
    before = node.files()
    outcome = publish.ensure([driver()], {NAME: Payload(sha256='0' * 64)}, str(node.dir), None, False, True)
    assert outcome.facts['awaited'] == ['acme/d']
    assert node.files() == before


def test_a_checksum_for_a_node_without_a_plugin_dir_makes_none_yet(node, tmp_path):
    publish.ensure([driver()], {NAME: Payload(sha256='0' * 64)}, str(node.dir), None, False, True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_command_is_found_before_anything_is_written(node, tmp_path):
    with pytest.raises(NodeError, match="acme/d requires no-such-command, not found on the kubelet's PATH"):
        node.publish(script(1), requires=['sh', 'no-such-command'])
    assert list(tmp_path.iterdir()) == []


def test_in_check_mode_a_command_may_come_with_a_package_that_is_not_installed_yet(node):
    assert 'no-such-command' in node.publish(script(1), check=True, requires=['no-such-command'], packages=['p']).warnings[0]


def test_a_driver_without_a_source_must_be_there(node):
    with pytest.raises(NodeError, match='acme/d has no src and is not in'):
        publish.ensure([driver()], {}, str(node.dir), None, False, True)


def test_a_driver_that_is_not_there_has_no_previous_version(node):
    with pytest.raises(NodeError, match='no previous version to go back to'):
        node.gone_back()


@pytest.mark.parametrize('state', ['present', 'absent'])
def test_a_symbolic_link_in_the_place_of_the_driver_directory_is_refused_and_its_target_left_alone(node, tmp_path, state):
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    (elsewhere / 'd').write_text('theirs')
    node.dir.mkdir(parents=True)
    (node.dir / 'acme~d').symlink_to(elsewhere)
    with pytest.raises(NodeError, match='is no directory, so the kubelet passes over it: remove it'):
        if state == 'present':
            node.publish(script(1))
        else:
            withdraw.ensure([driver(state='absent')], str(node.dir), None, False, True)
    assert (elsewhere / 'd').read_text() == 'theirs'


def test_an_executable_that_is_a_symbolic_link_is_replaced_and_its_target_left_alone(node, tmp_path):
    (tmp_path / 'theirs').write_text('theirs')
    (node.dir / 'acme~d').mkdir(parents=True)
    (node.dir / 'acme~d' / 'd').symlink_to(tmp_path / 'theirs')
    node.deploy(script(1))
    assert not os.path.islink(node.place.executable)
    assert (tmp_path / 'theirs').read_text() == 'theirs'


@pytest.mark.parametrize('harm', ['rm "$0"', 'echo >>"$0"', 'cp "$0" "$0.x"; mv "$0.x" "$0"', 'chmod 0644 "$0"'])
@pytest.mark.parametrize('version', [1, 2])
def test_a_driver_that_is_not_what_was_judged_any_more_is_refused(node, harm, version):
    if version == 2:
        node.deploy(script(1))
    before = node.files() if version == 2 else {}
    with pytest.raises(NodeError, match='executable was changed or removed while its init ran'):
        node.publish(script(2).replace('echo', harm + '; echo', 1))
    assert {path: file for path, file in node.files().items() if path != '.'} == {path: file for path, file in before.items() if path != '.'}


@pytest.mark.parametrize('timed_out, words', [(True, 'had not finished after'), (False, 'init fails: ')])
def test_a_driver_whose_init_is_slow_is_refused_since_every_volume_waits_for_it(node, monkeypatch, timed_out, words):
    monkeypatch.setattr(obstacles.callout.init, '__defaults__', (0.2,))
    with pytest.raises(NodeError, match=words):
        node.publish('#!/bin/sh\nsleep 5\n' if timed_out else '#!/bin/sh\nfalse\n')
    assert not node.dir.exists()


def test_going_back_where_nothing_is_kept_says_so_and_changes_nothing(node):
    node.deploy(script(1))
    outcome = node.gone_back()
    assert (outcome.changed, outcome.warnings) == (False, [
        'The driver acme/d has no previous version on this node, so it stays as it is: what a driver replaced is kept until one went back to it.'])


def test_a_diff_shows_the_size_and_checksum_of_what_is_new_the_texts_of_what_changes_and_the_keys_of_a_config(node):
    new = node.deploy(script(1), config={'base': '/x'}).diff
    assert [entry['before'] for entry in new] == ['', '']
    assert [sorted(line.split(':')[0] for line in entry['after'].splitlines()) for entry in new] == [['sha256', 'size'], ['base']]
    change, = node.deploy(script(2), config={'base': '/x'}).diff
    assert (change['before'], change['after']) == (script(1), script(2))


PICKY = """#!/bin/sh
config=$(cat "${0%%/*}/.config.json")
case $config in %s) echo '{"status": "Success"}';; *) echo '{"status": "Failure", "message": "unknown setting"}';; esac
"""


@pytest.mark.parametrize('takes_old, takes_new, first', [
    ('*old*|*new*', '*new*', 'config'), ('*old*', '*old*|*new*', 'executable'), ('*old*', '*new*', 'config'), ('*old*|*new*', '*old*|*new*', 'config')])
def test_what_is_replaced_first_is_what_leaves_a_driver_that_works(node, monkeypatch, takes_old, takes_new, first):
    node.deploy(PICKY % takes_old, config='old')
    moved = []
    rename = os.rename

    def watched(source, target):
        moved.extend([name for name in ('executable', 'config') if target == getattr(node.place, name)])
        rename(source, target)

    monkeypatch.setattr(os, 'rename', watched)
    node.deploy(PICKY % takes_new, config='new')
    assert moved[0] == first and set(moved) == {'config', 'executable'}


def test_a_driver_that_complains_of_its_config_is_shown_as_the_list_has_it(node):
    complains = '#!/bin/sh\necho "{\\"status\\": \\"Failure\\", \\"message\\": \\"${0%/*}/.config.json: unknown setting in $0\\"}"\n'
    with pytest.raises(NodeError, match=r'its init fails: .*config of acme/d: unknown setting in \S+/acme~d/d\. Mend'):
        node.publish(complains, config={'layuot': 'x'})
