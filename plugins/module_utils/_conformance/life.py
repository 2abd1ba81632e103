# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one volume: mounted, used, mounted again and unmounted. Every suite begins its volumes with it."""

import contextlib
import errno
import os

from .._kubelet import callout
from .._system import mounts
from .report import Report, Stop
from .stage import Stage, Volume, problem_of, unmount_by_force


def basic_life(stage: Stage, report: Report):
    """Checks 401 to 404, 411, 412 and 414; raises Stop where the checks that follow could only fail for the same reason."""
    with stage.volume() as volume:
        verdict = volume.set_up()
        report.judge(401, problem_of(verdict), f'{verdict.answer.seconds:.2f} s')
        if problem_of(verdict):
            if volume.is_mounted():
                report.failed(801, f'mount failed, and left a mount on {volume.path}')
            raise Stop('no volume could be mounted')
        mounted = volume.mounts()
        report.judge(402, '' if mounted else f'{volume.path} is no mount point after mount', ', '.join(_shown(mount) for mount in mounted))
        if mounted:
            _data_and_mount_again(volume, report)
        else:
            report.leave_out(403, 404, 'nothing is mounted')
        _unmount(volume, report)
    if report.has_failed(402, 411):
        raise Stop('mount or unmount does not do what it says')


def _data_and_mount_again(volume: Volume, report: Report):
    file = os.path.join(volume.path, f'.conformance-{volume.stage.token}')
    try:
        with open(file, 'w', encoding='ascii') as stream:
            stream.write(file)
    except OSError as error:
        if error.errno == errno.EROFS:
            report.leave_out(403, 403, 'the volume is read-only by its nature')
        else:
            report.failed(403, f'a file cannot be written: {error.strerror}')
        report.judge(404, _stacked(volume))
        return
    report.judge(403, _unreadable(file))
    report.judge(404, _stacked(volume) or _unreadable(file))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


def _unreadable(file: str) -> str:
    try:
        with open(file, encoding='ascii') as stream:
            return '' if stream.read() == file else 'a file does not hold what was written'
    except OSError as error:
        return f'a file that was written cannot be read: {error.strerror}'


def _stacked(volume: Volume) -> str:
    verdict = volume.mount_again()
    if verdict.status == callout.NOT_SUPPORTED:
        return ''
    mounted = volume.mounts()
    for _extra in mounted[1:]:
        unmount_by_force(volume.path)
    return problem_of(verdict) or ('' if len(mounted) == 1 else f'{len(mounted)} mounts lie on {volume.path}')


def _unmount(volume: Volume, report: Report):
    verdict = volume.unmount()
    still = volume.mounts()
    report.judge(411, problem_of(verdict) or (f'{volume.path} is still a mount point' if still else ''), f'{verdict.answer.seconds:.2f} s')
    for _mount in still:
        unmount_by_force(volume.path)
    # The kubelet asks again only while the directory is there.
    os.makedirs(volume.path, 0o750, exist_ok=True)
    again = volume.stage.call('unmount', volume.path)
    report.judge(412, problem_of(again, optional=True))
    left = sorted(os.listdir(volume.path)) if os.path.isdir(volume.path) else []
    report.judge(414, f'it holds {", ".join(left)}' if left else '')
    volume.stage.remove_tree(volume.path)
    problem = problem_of(volume.take_down_device())
    if problem:
        report.failed(411, problem)


def _shown(mount: mounts.Mount) -> str:
    return f'{mount.fs_type} {mount.source}, root {mount.root}'
