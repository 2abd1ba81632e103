# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver on real mounts, run as the kubelet runs it. Needs root; all mounts lie in a mount namespace of the tests' own.

SOAK=1 runs the full counts.
"""

import ctypes
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from node import Node

sys.path.insert(0, str(Path(__file__).parents[1]))

CLONE_NEWNS = 0x20000
numbers = itertools.count()


def pytest_sessionstart(session):
    if os.geteuid():
        pytest.exit('the tests of the driver mount file systems: run them as root', returncode=1)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        pytest.exit(f'no mount namespace of our own: {os.strerror(ctypes.get_errno())}', returncode=1)
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    # The driver's cache, the journal's socket, and the nodes: below a directory that everybody may enter, as /var/lib is.
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run'], check=True)


@pytest.fixture
def make_node():
    """Make nodes, each on a file system of its own; after the test nothing may be left of them but what the test says."""
    made = []

    def make(**config):
        root = Path(f'/run/node{next(numbers)}')
        root.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=512m,mode=0755', 'tmpfs', str(root)], check=True)
        made.append(root)
        return Node(root, config)

    yield make
    for root in made:
        subprocess.run(['umount', '--recursive', '--lazy', str(root)], check=True)
        root.rmdir()


@pytest.fixture
def node(make_node):
    """One node with the driver's default settings."""
    return make_node()


@pytest.fixture
def soak():
    """Return the count for a test: the short one, or the full one when SOAK=1."""
    return lambda short, full: full if os.environ.get('SOAK') == '1' else short


@pytest.fixture
def background():
    """Start processes that end with the test."""
    started = []

    def start(*command, **options):
        started.append(subprocess.Popen(command, **options))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.wait()
