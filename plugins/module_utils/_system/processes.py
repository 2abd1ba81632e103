# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that a driver starts, also those that it hides from its own process group."""

import contextlib
import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37


@contextlib.contextmanager
def adopting():
    """Become the parent of every orphaned descendant (prctl(2), PR_SET_CHILD_SUBREAPER), so that a daemon cannot get away unseen."""
    libc = ctypes.CDLL(None)
    before = ctypes.c_int()
    libc.prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)


def descendants() -> dict:
    """Return the command lines of all living processes that descend from this one, by pid; dead children are reaped."""
    children = {}
    for pid in filter(str.isdigit, os.listdir('/proc')):
        state, parent = _state_and_parent(pid)
        if state == 'Z' and parent == os.getpid():
            _reap(int(pid))
        elif state not in ('', 'Z'):
            children.setdefault(parent, []).append(int(pid))
    found, parents = [], [os.getpid()]
    while parents:
        new = children.pop(parents.pop(), [])
        found.extend(new)
        parents.extend(new)
    return {pid: _command_line(pid) for pid in found}


def remaining(before, seconds: float) -> dict:
    """Return the descendants that were not there C(before), after giving them C(seconds) to end by themselves."""
    deadline = time.monotonic() + seconds
    while True:
        left = {pid: line for pid, line in descendants().items() if pid not in before}
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.02)


def kill(pids):
    """Kill the processes and wait until they are gone, for at most two seconds: one in an uninterruptible wait cannot be killed."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 2
    while set(pids) & set(descendants()) and time.monotonic() < deadline:
        time.sleep(0.02)


def _state_and_parent(pid: str) -> tuple:
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            fields = file.read().rpartition(') ')[2].split()
    except OSError:
        return '', 0
    return (fields[0], int(fields[1])) if len(fields) > 1 else ('', 0)


def _reap(pid: int):
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _command_line(pid: int) -> str:
    try:
        with open(f'/proc/{pid}/cmdline', encoding='utf-8', errors='replace') as file:
            return file.read().replace('\0', ' ').strip()[:200]
    except OSError:
        return ''
