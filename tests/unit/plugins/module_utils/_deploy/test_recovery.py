# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import itertools
import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import recovery
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._published import Node, script

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='what is published is given to root')


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / 'kubelet' / 'plugins')


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


def old(node):
    node.deploy(script(0), config={'v': 0})
    node.deploy(script(1), config={'v': 1})


def nothing(node):
    pass


def new(node):
    node.deploy(script(2), config={'v': 2})


def back(node):
    node.gone_back()


def gone(node):
    node.withdraw().settle()


def taken_back(step):
    """Do it and take it back, as when the test callout fails."""
    def step_and_back(node):
        assert step(node).take_back() == []
    return step_and_back


new_taken_back = taken_back(lambda node: node.publish(script(2), config={'v': 2}))
back_taken_back = taken_back(Node.go_back)
gone_taken_back = taken_back(Node.withdraw)


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


def test_what_a_killed_run_left_is_told_in_check_mode_and_removed(node):
    node.deploy(script(1))
    left = node.dir / '.flexvolume-acme~other'
    left.mkdir()
    (left / 'other').write_text('half of it')
    assert [entry['before_header'] for entry in node.publish(script(1), check=True).diff] == [str(left)]
    assert node.deploy(script(1)).changed
    assert not left.exists()
