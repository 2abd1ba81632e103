# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that mount nothing: the driver's files, what init and the kubelet say of it, and callouts that make no sense."""

import contextlib
import os
import stat
import time

from .._kubelet import callout, directories, process, watches
from .._system import trust
from .report import Report, Stop
from .stage import Stage, describe

SLOW_INIT = 2.0
WATCH_PATIENCE = 3.0


def files(executable: str, name, report: Report):
    """Checks 101 to 107; raises Stop where there is no file to look at."""
    directory = os.path.dirname(executable)
    try:
        status, link = os.stat(executable), os.lstat(executable)
    except OSError as error:
        report.failed(101, f'{executable}: {error.strerror}')
        raise Stop('there is no executable') from None
    regular = stat.S_ISREG(status.st_mode)
    report.judge(101, '' if regular else f'{executable} is not a regular file', executable)
    if not regular:
        raise Stop('the executable is not a regular file')
    report.judge(102, f'{executable} points to {os.path.realpath(executable)}' if stat.S_ISLNK(link.st_mode) else '')
    mode = stat.S_IMODE(status.st_mode)
    report.judge(103, '' if mode & 0o111 else f'{executable} has mode {mode:04o}', f'mode {mode:04o}')
    report.judge(104, _open_to_others(executable))
    report.judge(105, f'{directory} is a symbolic link' if os.path.islink(directory) else _open_to_others(directory))
    wanted = f'{name.directory}/{name.driver}'
    found = '/'.join(executable.split('/')[-2:])
    report.judge(106, '' if found == wanted else f'{found} is there, where {wanted} is wanted', found)
    noexec = os.statvfs(executable).f_flag & os.ST_NOEXEC
    report.judge(107, f'{executable} lies on a file system that is mounted noexec' if noexec else '')


def _open_to_others(path: str) -> str:
    why = trust.why_open(path)
    return f'{path} {why}' if why else ''


def init(stage: Stage, report: Report):
    """Checks 201 to 205; raises Stop where the kubelet would not know the driver."""
    before = listing(stage.executable)
    verdict = stage.call('init')
    failed = verdict.status != callout.SUCCESS
    report.judge(201, describe(verdict) if failed else '', verdict.message)
    if failed:
        raise Stop('init does not answer Success')
    missing = [key for key in callout.CAPABILITIES if key not in verdict.response.get('capabilities', {})]
    report.judge(202, f'init does not state {", ".join(missing)}' if missing else '')
    again = stage.call('init')
    if again.status != callout.SUCCESS:
        report.failed(201, f'asked again, {describe(again)}')
    same = (again.status, again.capabilities) == (verdict.status, verdict.capabilities)
    report.judge(203, '' if same else f'first {_capabilities(verdict)}, then {_capabilities(again)}', _capabilities(verdict))
    report.judge(204, changes(before, listing(stage.executable)))
    seconds = verdict.answer.seconds
    report.judge(205, f'init took {seconds:.1f} s' if seconds >= SLOW_INIT else '', f'{seconds:.2f} s')
    stage.capabilities = verdict.capabilities


def _capabilities(verdict: callout.Verdict) -> str:
    if verdict.status != callout.SUCCESS:
        return describe(verdict)
    return ', '.join(key for key, value in verdict.capabilities.items() if value) or 'no capability'


def listing(executable: str) -> dict:
    """Return what a write in the driver directory changes, but not the times that a touch of the driver does."""
    found = {}
    # A driver may remove the whole directory.
    with contextlib.suppress(FileNotFoundError), os.scandir(os.path.dirname(executable)) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            found[entry.name] = (status.st_ino, status.st_size, None if entry.name == os.path.basename(executable) else status.st_mtime)
    return found


def changes(before: dict, after: dict) -> str:
    """Name what differs between two listings; empty if nothing does."""
    names = sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
    return f'it changed {", ".join(names)} in the driver directory' if names else ''


def kubelet(running, executable: str, report: Report):
    """Checks 701 to 703, where a kubelet runs."""
    if not running:
        report.leave_out(701, 703, 'no kubelet runs on this node')
        return
    directory = os.path.dirname(executable)
    plugin_dir = os.path.dirname(directory)
    found, doubt = directories.locate(running)
    looks = not doubt and os.path.realpath(found.path) == os.path.realpath(plugin_dir)
    report.judge(701, '' if looks else f'{plugin_dir} is not where the kubelet looks: {doubt or found.reason}', found.reason)
    report.judge(702, _unwatched(running, plugin_dir))
    report.judge(703, _unwatched(running, directory))


def _unwatched(running, directory: str) -> str:
    deadline = time.monotonic() + max(WATCH_PATIENCE, process.settling(running))
    while not watches.on(running, directory):
        if time.monotonic() >= deadline:
            return f'the kubelet (pid {running.pid}) does not watch {directory}'
        time.sleep(0.05)
    return ''
