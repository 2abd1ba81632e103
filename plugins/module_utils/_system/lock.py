# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on a node."""

import contextlib
import fcntl
import os
import time

from .._outcome import NodeError
from . import files, roots, trust

# A directory of root's alone, since whoever can open a file can also lock it.
DIRECTORY = '/run/nodeops-flexvolume'
# Seconds; a run in which several drivers hang takes that long.
PATIENCE = 300


class Held(NodeError):
    """Another run holds the lock."""


@contextlib.contextmanager
def held(directory: str = DIRECTORY, patience: float = PATIENCE):
    """Wait until no other run holds the lock, for at most C(patience) seconds. The directory goes again with the lock, so that it leaves nothing."""
    descriptor = _locked(directory, time.monotonic() + patience, patience)
    try:
        yield
    finally:
        # Before it is released: whoever got hold of a directory that has no name any more tries again.
        with contextlib.suppress(OSError):
            os.rmdir(directory)
        os.close(descriptor)


def _locked(directory: str, deadline: float, patience: float) -> int:
    while True:
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        trust.demand(directory, 'The lock directory')
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if files.identity(descriptor) == roots.identity(directory):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Held(f'Another run{_holder(descriptor)} has been changing this node for {patience:g} s: wait until it is done, '
                           'or see what it hangs on and end it, then run this again.') from None
            time.sleep(0.05)
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Name the process that holds the lock, as far as proc_locks(5) tells."""
    status = os.fstat(descriptor)
    file = f'{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}'
    for line in (roots.read('/proc/locks') or '').split('\n'):
        fields = line.split()
        if fields[1:2] == ['FLOCK'] and fields[5:6] == [file]:
            return f' (pid {fields[4]})'
    return ''
