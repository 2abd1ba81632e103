# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import hashlib
import itertools
import os
import stat

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import publish, recovery
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload, Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system.mounts import Mount

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='what is published is given to root')

NAME = DriverName('acme', 'd')
ANSWER = '#!/bin/sh\n# {version}\necho \'{{"status": "{status}", "message": "no share"}}\'\n'


def mark(*contents):
    """Return the mark of these versions."""
    checksums = sorted(hashlib.sha256(content.encode()).hexdigest() for content in contents)
    return 'Published by the Ansible collection nodeops.flexvolume.\n' + ''.join(f'sha256: {checksum}\n' for checksum in checksums)


def script(version, status='Success'):
    return ANSWER.format(version=version, status=status)


def driver(name=NAME, **keys):
    return dict(dict(name=name, state='present', src=None, remote_src=False, packages=[], requires=[], config=None), **keys)


class Node:
    """A plugin dir of one's own, and what is seen in it."""

    def __init__(self, plugin_dir):
        self.dir = plugin_dir
        self.place = Place(str(plugin_dir), NAME)

    def publish(self, *contents, check=False, names=(NAME,), **keys):
        payloads = {name: Payload(content=content.encode()) for name, content in zip(names, contents)}
        return publish.ensure([driver(name, **keys) for name in names], payloads, str(self.dir), None, check, not check)

    def deploy(self, content, **keys):
        outcome = self.publish(content, **keys)
        outcome.settle()
        return outcome

    def files(self):
        """Return what lies in the plugin dir: the mode, owner and content of each path."""
        return {os.path.relpath(path, str(self.dir)): self._file(path) for path in self._paths()}

    def _paths(self):
        for directory, _names, files in os.walk(str(self.dir)):
            yield directory
            for name in files:
                yield os.path.join(directory, name)

    @staticmethod
    def _file(path):
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            return stat.S_IMODE(status.st_mode), status.st_uid, None
        with open(path) as file:
            return stat.S_IMODE(status.st_mode), status.st_uid, file.read()


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
    assert _publish_previous(node).changed
    assert node.files() == before
    assert not _publish_previous(node).changed


def _publish_previous(node):
    outcome = publish.ensure([driver(state='previous')], {}, str(node.dir), None, False, True)
    outcome.settle()
    return outcome


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
        outcome = publish.ensure([driver(state='previous')], {}, str(node.dir), None, False, True)
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


def test_what_a_killed_run_left_is_told_in_check_mode_and_removed(node):
    node.deploy(script(1))
    left = node.dir / '.flexvolume-acme~other'
    left.mkdir()
    (left / 'other').write_text('half of it')
    assert [entry['before_header'] for entry in node.publish(script(1), check=True).diff] == [str(left)]
    assert node.deploy(script(1)).changed
    assert not left.exists()


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
        _publish_previous(node)


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
            publish.withdraw([driver(state='absent')], str(node.dir), None, False, True)
    assert (elsewhere / 'd').read_text() == 'theirs'


def test_an_executable_that_is_a_symbolic_link_is_replaced_and_its_target_left_alone(node, tmp_path):
    (tmp_path / 'theirs').write_text('theirs')
    (node.dir / 'acme~d').mkdir(parents=True)
    (node.dir / 'acme~d' / 'd').symlink_to(tmp_path / 'theirs')
    node.deploy(script(1))
    assert not os.path.islink(node.place.executable)
    assert (tmp_path / 'theirs').read_text() == 'theirs'


def test_withdrawing_tells_in_check_mode_what_it_then_removes_and_is_done_once(node):
    node.deploy(script(1), config={})
    before = node.files()
    gone = [driver(state='absent')]
    planned = publish.withdraw(gone, str(node.dir), None, True)
    assert (planned.diff[0]['before'], node.files()) == ('state: present\n.config.json\n.nodeops.flexvolume\nd\n', before)
    outcome = publish.withdraw(gone, str(node.dir), None, False, True)
    outcome.settle()
    assert outcome.facts == {'withdrawn': ['acme/d']}
    assert os.listdir(str(node.dir)) == []
    assert not publish.withdraw(gone, str(node.dir), None, False, True).changed


def kubelet(root_dir):
    return Kubelet(1, 'kubelet', ['kubelet'], {}, str(root_dir), None)


def test_a_driver_of_which_a_pod_has_a_volume_stays_unless_forced(node, tmp_path):
    (tmp_path / 'pods' / 'uid-1' / 'volumes' / 'acme~d' / 'v').mkdir(parents=True)
    (tmp_path / 'pods' / 'uid-2' / 'volumes' / 'acme~other' / 'v').mkdir(parents=True)
    node.deploy(script(1))
    with pytest.raises(NodeError, match='pods have volumes of it: uid-1; delete these pods first'):
        publish.withdraw([driver(state='absent')], str(node.dir), kubelet(tmp_path), False)
    assert os.path.exists(node.place.executable)
    publish.withdraw([driver(state='absent')], str(node.dir), kubelet(tmp_path), False, force=True).settle()
    assert os.listdir(str(node.dir)) == []


def test_a_driver_on_a_read_only_file_system_is_not_withdrawn(node, monkeypatch):
    node.deploy(script(1))
    before = node.files()
    monkeypatch.setattr(publish.mounts, 'holding', lambda path, table: Mount(1, '/', '/usr', frozenset(['ro']), 'ext4', '/dev/x'))
    with pytest.raises(NodeError, match='/usr, which is mounted read-only'):
        publish.withdraw([driver(state='absent')], str(node.dir), None, False)
    assert node.files() == before


@pytest.mark.parametrize('mode', [0o755, 0o700])
def test_what_is_withdrawn_comes_back_when_that_is_taken_back_whatever_the_umask(node, mode):
    node.deploy(script(1), config={'v': 1})
    node.deploy(script(2), config={'v': 2})
    (node.dir / 'acme~d' / 'more').write_text('of the administrator')
    (node.dir / 'acme~d').chmod(mode)
    before, umask = node.files(), os.umask(0o077)
    try:
        outcome = publish.withdraw([driver(state='absent')], str(node.dir), None, False)
    finally:
        os.umask(umask)
    assert 'acme~d' not in os.listdir(str(node.dir))
    assert outcome.take_back() == []
    assert node.files() == before


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
    monkeypatch.setattr(publish.callout.init, '__defaults__', (0.2,))
    with pytest.raises(NodeError, match=words):
        node.publish('#!/bin/sh\nsleep 5\n' if timed_out else '#!/bin/sh\nfalse\n')
    assert not node.dir.exists()


CHANGES = ('chmod', 'chown', 'fchmod', 'fchown', 'fsync', 'link', 'mkdir', 'open', 'rename', 'rmdir', 'unlink', 'write')
DIED = 99


def dies(step, changes):
    """Take the step in a process that dies, as if killed, when it would change one thing more than that; return whether it died."""
    child = os.fork()
    if not child:
        counted = itertools.count()

        def mortal(function):
            def call(*arguments, **named):
                if next(counted) == changes:
                    os._exit(DIED)
                return function(*arguments, **named)
            return call

        for name in CHANGES:
            setattr(os, name, mortal(getattr(os, name)))
        status = 1
        try:
            step()
            status = 0
        finally:
            os._exit(status)
    status = os.WEXITSTATUS(os.waitpid(child, 0)[1])
    assert status in (0, DIED)
    return status == DIED


def old(node):
    node.deploy(script(0), config={'v': 0})
    node.deploy(script(1), config={'v': 1})


def nothing(node):
    pass


def new(node):
    node.deploy(script(2), config={'v': 2})


def back(node):
    _publish_previous(node)


def gone(node):
    publish.withdraw([driver(state='absent')], str(node.dir), None, check=False).settle()


def taken_back(step):
    """Do it and take it back, as when the test callout fails."""
    def step_and_back(node):
        assert step(node).take_back() == []
    return step_and_back


new_taken_back = taken_back(lambda node: node.publish(script(2), config={'v': 2}))
back_taken_back = taken_back(lambda node: publish.ensure([driver(state='previous')], {}, str(node.dir), None, False, True))
gone_taken_back = taken_back(lambda node: publish.withdraw([driver(state='absent')], str(node.dir), None, check=False))


@pytest.mark.parametrize('before, step, versions', [
    (nothing, new, (None, 2)), (old, new, (1, 2)), (old, back, (0, 1)), (old, gone, (1, None)),
    (nothing, new_taken_back, (None, 2)), (old, new_taken_back, (1, 2)), (old, back_taken_back, (0, 1)), (old, gone_taken_back, (1, None)),
], ids=['publish', 'replace', 'go back', 'withdraw', 'publish, take back', 'replace, take back', 'go back, take back', 'withdraw, take back'])
def test_killed_before_each_change(tmp_path, before, step, versions):
    """Killed before its first change, its second, and so on, a run shows half a driver to nobody; a touch, or the next run, makes it one version or none."""
    unharmed = Node(tmp_path / 'unharmed')
    before(unharmed)
    step(unharmed)
    for changes in itertools.count():
        node = Node(tmp_path / str(changes))
        before(node)
        died = dies(lambda node=node: step(node), changes)
        assert_none_is_half_made(node, versions, changes)
        recovery.recover(str(node.dir))
        assert version_of(node) in versions, changes
        assert recovery.leftovers(str(node.dir)) == [], changes
        if step in (new, gone):
            step(node)
            assert node.files() == unharmed.files(), changes
        if not died:
            break
    assert changes > 3


def test_a_driver_that_was_published_is_known_again_and_one_of_somebody_else_is_not(node):
    node.deploy(script(1))
    (node.dir / 'acme~theirs').mkdir()
    (node.dir / 'acme~theirs' / 'theirs').write_text(script(1))
    (node.dir / '.flexvolume-acme~half').mkdir()
    assert publish.published(str(node.dir)) == [NAME]
    assert publish.published(str(node.dir / 'nowhere')) == []


def test_a_mark_that_is_not_roots_or_no_file_marks_nothing(node):
    node.deploy(script(1))
    os.chown(node.place.mark, 65534, 65534)
    assert publish.published(str(node.dir)) == []
    os.unlink(node.place.mark)
    os.mkdir(node.place.mark)
    assert publish.published(str(node.dir)) == []


def test_what_was_just_published_is_touched_after_a_withdrawal_whose_probe_may_have_failed(node):
    other = DriverName('acme', 'other')
    node.deploy(script(1))
    node.publish(script(1), names=(other,)).settle()
    kept, published = Place(str(node.dir), NAME), DriverName('acme', 'new')
    node.publish(script(1), names=(published,)).settle()
    executables = [kept.executable, Place(str(node.dir), published).executable]
    for path in executables:
        os.utime(path, (1, 1))
    leaving = [driver(), driver(published), driver(other, state='absent')]
    publish.withdraw(leaving, str(node.dir), None, True, False, ['acme/new'])
    assert [os.stat(path).st_mtime for path in executables] == [1, 1]
    publish.withdraw(leaving, str(node.dir), None, False, False, ['acme/new']).settle()
    assert [os.stat(path).st_mtime > 1 for path in executables] == [False, True]


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
    assert _publish_previous(node).changed
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
    assert publish.published(str(node.dir)) == []
    node.deploy(script(2))
    assert publish.published(str(node.dir)) == [NAME]


def test_a_driver_from_before_there_were_marks_is_marked_once(node):
    node.deploy(script(1))
    os.unlink(node.place.mark)
    assert node.deploy(script(1)).changed
    assert (publish.published(str(node.dir)), node.deploy(script(1)).changed) == ([NAME], False)


def test_going_back_where_nothing_is_kept_says_so_and_changes_nothing(node):
    node.deploy(script(1))
    outcome = _publish_previous(node)
    assert (outcome.changed, outcome.warnings) == (False, [
        'The driver acme/d has no previous version on this node, so it stays as it is: what a driver replaced is kept until one went back to it.'])


def test_a_diff_shows_the_size_and_checksum_of_what_is_new_the_texts_of_what_changes_and_the_keys_of_a_config(node):
    new = node.deploy(script(1), config={'base': '/x'}).diff
    assert [entry['before'] for entry in new] == ['', '']
    assert [sorted(line.split(':')[0] for line in entry['after'].splitlines()) for entry in new] == [['sha256', 'size'], ['base']]
    change, = node.deploy(script(2), config={'base': '/x'}).diff
    assert (change['before'], change['after']) == (script(1), script(2))


def assert_none_is_half_made(node, versions, changes):
    executable = node.files().get('acme~d/d') if node.dir.exists() else None
    assert executable in [None] + [(0o755, 0, script(version)) for version in versions if version is not None], changes


def version_of(node):
    """Return the version of the driver, both files of which must be of one, or None for no driver, of which no directory must be left either."""
    seen = node.files() if node.dir.exists() else {}
    if 'acme~d' not in seen:
        return None
    [version] = [version for version in range(3) if seen['acme~d/d'] == (0o755, 0, script(version))]
    assert seen['acme~d/.config.json'] == (0o600, 0, f'{{\n  "v": {version}\n}}\n')
    return version


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
