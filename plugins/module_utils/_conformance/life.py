# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of one volume: mounted, used, mounted again and unmounted. Every suite begins its volumes with it."""

import contextlib
import errno
import os

from .._kubelet import callout
from .._system import mounts
from .report import MUST, SHOULD, Report, Stop
from .stage import Stage, Volume, problem_of


def basic_life(stage: Stage, report: Report):
    """Checks 401 to 404, 411, 412 and 414; raises Stop where no volume could be mounted."""
    with stage.volume() as volume:
        verdict = volume.set_up()
        report.judge(401, problem_of(verdict), f'{verdict.answer.seconds:.2f} s', _how_to_mount(stage, verdict))
        if problem_of(verdict):
            if volume.is_mounted() and not verdict.answer.timed_out:
                report.failed(801, f'mount failed, and left a mount on {volume.path}: the kubelet takes that for the volume when it tries again')
            raise Stop('no volume could be mounted')
        mounted, stage.content = volume.mounts(), volume.content()
        stage.mounted, stage.linked = len(mounted), volume.linked()
        report.judge(402, '' if volume.is_there() else f'the answer is Success, but {volume.path} is no mount point, and it is empty',
                     ', '.join(map(_shown, mounted)) or f'no mount, but {"a link, " if volume.is_linked() else ""}{len(stage.content)} entries')
        if volume.is_there():
            _data_and_mount_again(volume, report)
        else:
            report.leave_out(403, 404, 'there is no volume')
        _unmount(volume, report)


def _data_and_mount_again(volume: Volume, report: Report):
    file = os.path.join(volume.path, f'.conformance-{volume.stage.token}')
    try:
        with open(file, 'w', encoding='ascii') as stream:
            stream.write(file)
    except OSError as error:
        if error.errno == errno.EROFS:
            report.leave_out(403, 403, 'the volume is read-only by its nature')
        elif error.errno in (errno.EACCES, errno.EPERM):
            report.leave_out(403, 403, 'root may not write there, as on many file servers; whether the pod may is for its user to try')
        else:
            report.failed(403, f'a file cannot be written: {error.strerror}', advice=(
                'Give the volume room, in blocks and in inodes, for one file at least.' if error.errno in (errno.ENOSPC, errno.EDQUOT) else ''))
        _mount_again(volume, report, None)
        return
    report.judge(403, _unreadable(file))
    _mount_again(volume, report, file)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


def _unreadable(file: str) -> str:
    try:
        with open(file, encoding='ascii') as stream:
            return '' if stream.read() == file else 'a file does not hold what was written'
    except OSError as error:
        return f'a file that was written cannot be read: {error.strerror}'


def _mount_again(volume: Volume, report: Report, file):
    """The kubelet does so after each of its restarts, but only where it cannot see that there is a mount."""
    before, asked = len(volume.mounts()), volume.is_like_its_parent()
    verdict = volume.mount_again()
    after = len(volume.mounts())
    for _extra in range(before, after):
        mounts.unmount(volume.path)
    if verdict.status == callout.NOT_SUPPORTED:
        report.passed(404, 'the kubelet does it')
        return
    stacked = f'{after} mounts lie on {volume.path}, where there was {before}' if after > before else ''
    lost = file and _unreadable(file)
    for problem, level, advice in (
            (problem_of(verdict), MUST, 'Answer Success, and do nothing, if the volume is there already.'),
            (stacked, SHOULD, 'Look whether the directory is a mount point (/proc/self/mountinfo), and mount only if it is not.'),
            (lost, SHOULD, 'Leave a volume that is there as it is, instead of making it anew.')):
        if problem:
            why = 'the kubelet asks for this one after each restart' if asked else (
                'the kubelet sees this mount, a file system of its own, and does not ask; of one that is bound from its own it would')
            report.failed(404, problem, level if asked else SHOULD, f'{advice[:-1]}: {why}.')
    report.passed(404, '' if asked else 'the kubelet sees the mount, and does not ask')


def _unmount(volume: Volume, report: Report):
    was_mounted = volume.is_mounted()
    verdict = volume.unmount()
    volume.judge_unmount(verdict)
    for _mount in volume.mounts():
        mounts.unmount(volume.path)
    if os.path.islink(volume.path):
        volume.remove()
    # The kubelet asks again only while the directory is there.
    os.makedirs(volume.path, 0o750, exist_ok=True)
    again = volume.stage.call('unmount', volume.path)
    report.judge(412, problem_of(again, optional=True))
    left = sorted(os.listdir(volume.path)) if os.path.isdir(volume.path) else []
    report.judge(414, f'it holds {", ".join(left[:5])}' if left else '', advice=(
        'Put nothing into the directory before mounting on it, or remove it after unmounting: the kubelet has to rmdir it.' if was_mounted else
        'Empty the directory in unmount: nothing is mounted there that would take its content with it.'))
    if left:
        volume.stage.remove_tree(volume.path)
    problem = problem_of(volume.take_down_device())
    if problem and not report.has_failed(607, 608):
        report.failed(411, problem)


def _how_to_mount(stage: Stage, verdict: callout.Verdict) -> str:
    if verdict.defect:
        return 'Print one JSON object and nothing else, close the output, and end: with 0 after Success, and after Failure with the reason as message.'
    return f'It got the options {", ".join(sorted(stage.options))}: see that they name what there is here, and read its message.' if stage.options else (
        "It got no options. If it needs some to mount a volume, state what a pod would say as the driver's options.")


def _shown(mount: mounts.Mount) -> str:
    return f'{mount.fs_type} {mount.source}, root {mount.root}'
