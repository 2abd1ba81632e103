# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel before 5.12, whose mounts cannot get their flags before somebody sees them: somebody does not see them either."""

import itertools
import json
import os
import subprocess
import sys

import mortal
import pytest
from node import ENVIRONMENT, Answer
from test_driver import flags

FOREVER = 1 << 40
READ_ONLY = {'kubernetes.io/readwrite': 'ro'}


def mount(node, changes: int = FOREVER, kernel: str = 'old', **options) -> Answer:
    command = [sys.executable, '-IB', mortal.__file__, str(changes), *node.command('mount', node.mount_dir('u1'), json.dumps(node.options('u1', **options)))]
    done = subprocess.run(command, stdout=subprocess.PIPE, env={**ENVIRONMENT, 'KERNEL': kernel}, cwd='/', check=False)
    return Answer(done.returncode, done.stdout)


@pytest.mark.parametrize(('access', 'expected'), [('rw', {'NOSUID', 'NODEV'}), ('ro', {'RDONLY', 'NOSUID', 'NODEV'})])
def test_it_does_as_well(node, access, expected):
    assert mount(node, **{'kubernetes.io/readwrite': access}).json == {'status': 'Success'}
    assert flags(node.mount_dir('u1')) == expected
    assert node.mounts() == [str(node.mount_dir('u1'))]
    assert mount(node, **{'kubernetes.io/readwrite': access}).json == {'status': 'Success'}
    assert node.unmount('u1').status == 'Success'
    assert node.mounts() == []


@pytest.mark.parametrize('asked_again', [True, False])
def test_write_to_a_read_only_volume_whose_mount_was_killed(make_node, asked_again):
    """Killed before each change: what is mounted then has all of its flags, and what stays is cleared by the unmount or prune."""
    node = make_node(retention='delete')
    for changes in itertools.count():
        answer = mount(node, changes, **READ_ONLY)
        mount_dir = str(node.mount_dir('u1'))
        if mount_dir in node.mounts():
            assert flags(mount_dir) == {'RDONLY', 'NOSUID', 'NODEV'}, f'killed before change {changes}'
        if asked_again:
            assert mount(node, **READ_ONLY).status == 'Success'
            # The hidden mount may be left to the unmount.
            assert [point for point in node.mounts() if not point.startswith(str(node.base))] == [mount_dir]
        if mount_dir in node.mounts():
            assert node.unmount('u1').status == 'Success'
        node.forget_pod('u1')
        assert node.prune().exit_status == 0
        assert (node.left_in_base(), node.mounts()) == ([], []), f'killed before change {changes}'
        if answer.exit_status != mortal.DIED:
            break
    assert changes > 20


def test_a_kernel_that_refuses_the_flags_leaves_no_mount(node):
    answer = mount(node, kernel='stubborn', **READ_ONLY)
    assert answer.status == 'Failure'
    assert node.mounts() == []
    assert node.left_in_base() == []
    assert os.listdir(node.mount_dir('u1')) == []
