# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small steps on files and directories that every concern needs."""

import contextlib
import fcntl
import os

from .._outcome import Outcome

DIRECTORY_MODE = 0o755
# What whoever changes the node locks: it is on every node, and writable or not it can be locked.
NODE = '/run'


def make_directory(path: str, outcome: Outcome):
    """Make a directory of mode 0755 and its missing parents, to be removed again when the Outcome is taken back."""
    missing = []
    path = os.path.normpath(path)
    while not os.path.isdir(path):
        missing.insert(0, path)
        path = os.path.dirname(path)
    for directory in missing:
        os.mkdir(directory, DIRECTORY_MODE)
        outcome.undo.append(lambda made=directory: os.rmdir(made))
        os.chmod(directory, DIRECTORY_MODE)


def unlink(path: str):
    """Remove a file that may be missing."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def move_over(source: str, target: str):
    """Rename C(source) over C(target); a missing source leaves no target either."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        unlink(target)


def link_over(source: str, target: str):
    """Make C(target) another name of C(source); a missing source leaves no target either."""
    unlink(target)
    with contextlib.suppress(FileNotFoundError):
        os.link(source, target)


@contextlib.contextmanager
def lock(directory: str):
    """Wait until nobody else holds the directory. The lock is on the directory itself, so that it leaves no file."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync(directory: str):
    """Bring a directory's entries to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
