# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that the full suite has besides the basic one. What a deploy sends to a node is the basic suite alone."""

import concurrent.futures
import contextlib
import ctypes
import os
import resource
import signal
import struct

from .._kubelet import callout
from .attachable import attachable
from .life import basic_life
from .options import kubelets_options, metadata, odd_options
from .report import SHOULD, Report, Stop
from .stage import Stage, Volume, describe, problem_of
from .suite import BASIC, Step, Suite

MANY = 20
FS_GROUP = 61337
PR_CAPBSET_DROP, CAP_SYS_ADMIN, CAPABILITY_VERSION_3 = 24, 21, 0x20080522
OLD_SIZE, NEW_SIZE = str(1 << 30), str(2 << 30)


def full_life(stage: Stage, report: Report):
    """Check 413 and those of the basic life."""
    basic_life(stage, report)
    with contextlib.suppress(Stop):
        report.judge(413, problem_of(stage.call('unmount', Volume(stage).path), optional=True))


def read_only(stage: Stage, report: Report):
    """Check 405."""
    with stage.volume(read_only=True) as volume:
        verdict = volume.set_up()
        if verdict.status != callout.SUCCESS:
            report.judge(405, verdict.defect and describe(verdict), f'refused: {verdict.message}')
            return
        if not volume.is_mounted():
            report.passed(405, 'nothing is mounted, and the kubelet sees to the containers')
            return
        report.judge(405, '' if _is_read_only(volume.path) else 'a file could be written in a volume that was asked for as ro')
        _take_down(volume, report, 'of a read-only volume')


def fs_group(stage: Stage, report: Report):
    """Check 406."""
    if stage.capabilities['fsGroup']:
        report.passed(406, 'left to the kubelet')
        return
    with stage.volume(fs_group=FS_GROUP) as volume:
        verdict = volume.set_up()
        if problem_of(verdict):
            report.failed(406, describe(verdict))
            return
        status = os.stat(volume.path)
        by_group = status.st_gid == FS_GROUP and status.st_mode & 0o070 == 0o070
        shown = f'group {status.st_gid}, mode {status.st_mode & 0o7777:04o}'
        report.judge(406, '' if by_group or status.st_mode & 0o007 == 0o007 else f'{shown}, for fsGroup {FS_GROUP}', shown)
        _take_down(volume, report, 'of a volume with fsGroup')


def failing(stage: Stage, report: Report):
    """Check 415: mounts that cannot succeed, each for another honest reason."""
    ways = [('with no right to mount', 'the exit status of the mount that it calls', _may_not_mount, {}, False),
            ('on a disk that is full', 'the exit status of whatever writes into the directory', _may_not_write, {}, False),
            ('where there is no directory', 'whether the directory is there', None, {}, True)]
    ways += [(f'with an option {key} that names nothing', f'whether what {key} names is there', None, {key: f'{value}-missing-{stage.token}'}, False)
             for key, value in sorted(stage.options.items()) if not key.startswith('kubernetes.io/')]
    for what, sight, prepare, options, nowhere in ways:
        with stage.volume(options=options, nowhere=nowhere) as volume:
            verdict = volume.set_up(prepare)
            if verdict.status == callout.SUCCESS and not _is_as_ever(volume):
                found = ('nothing is mounted' if stage.mounted else 'it is no link to the same file system' if stage.linked else
                         f'{len(volume.content())} of {len(stage.content)} entries are there')
                report.failed(415, f'a mount {what} is answered Success, but {found}', advice=(
                    f'Look at {sight}, and answer Failure: the pod would run, and write to the disk of the node.'))
    report.passed(415, ', '.join(what for what, *_more in ways))


def _is_as_ever(volume: Volume) -> bool:
    """Say whether the volume is what the first one was: a mount, a link to the same file system, whoever writes there, or the same files."""
    stage = volume.stage
    if stage.mounted:
        return volume.is_mounted()
    return volume.linked() == stage.linked if stage.linked else bool(stage.content) and volume.content() == stage.content


def _may_not_mount():
    libc, header, sets = ctypes.CDLL(None), struct.pack('Ii', CAPABILITY_VERSION_3, 0), ctypes.create_string_buffer(24)
    libc.prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)
    # What is inheritable, as some container runtimes have it, root's programs get all the same (capabilities(7)).
    libc.capget(header, sets)
    words = list(struct.unpack('6I', sets.raw))
    words[2] &= ~(1 << CAP_SYS_ADMIN)
    libc.capset(header, struct.pack('6I', *words))


def _may_not_write():
    # The write then fails, where the signal would end the driver.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def two_volumes(stage: Stage, report: Report):
    """Check 416."""
    with stage.volume() as one, stage.volume(fellow=one) as other:
        problem = _up(other) or _up(one) or _down(one)
        if not problem and not other.is_there():
            problem = 'the unmount of one took the other with it'
        report.judge(416, problem or _down(other))


def lasting(stage: Stage, report: Report):
    """Check 418: two pods with the same data, one of which goes, at first while something holds its volume open."""
    with stage.volume() as one, stage.volume() as other:
        problem = _up(one) or _up(other)
        if problem:
            raise Stop(problem)
        name = f'.conformance-{stage.token}'
        file, seen = os.path.join(one.path, name), os.path.join(other.path, name)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            report.leave_out(418, 418, f'a file cannot be written: {error.strerror}')
            return
        if not os.path.exists(seen):
            report.passed(418, 'each volume has data of its own')
            return
        holding = os.open(one.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            one.unmount()
        finally:
            os.close(holding)
        report.judge(418, '' if os.path.exists(seen) else "an unmount that had to fail deleted the other pod's file")
        one.unmount()
        report.judge(418, '' if os.path.exists(seen) else "the unmount of one pod's volume deleted the other pod's file")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(seen)


def many(stage: Stage, report: Report):
    """Check 501."""
    if stage.capabilities['attach']:
        report.leave_out(501, 501, 'a volume of an attachable driver is attached once')
        return
    stage.go_on()
    at_once, again = [], []
    with contextlib.ExitStack() as stack:
        # They may well take turns.
        stack.callback(setattr, stage, 'timeout', stage.timeout)
        stage.timeout = max(stage.timeout, 2 * MANY * stage.slowest)
        # The pods of one deployment call their volumes the same.
        volumes = [stack.enter_context(stage.volume(name=f'conformance-{stage.token}-many')) for _number in range(MANY)]
        for step in (_caught(_up), _caught(_down)):
            with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
                problems = list(pool.map(step, volumes))
            at_once += filter(None, problems)
            # The kubelet asks again, later each time.
            again += filter(None, [step(volume) for volume, problem in zip(volumes, problems) if problem])
    if again:
        report.failed(501, f'{len(again)} of {2 * MANY} callouts failed: {again[0]}')
    elif at_once:
        report.failed(501, f'{len(at_once)} of {2 * MANY} callouts failed until they were made again: {at_once[0]}', SHOULD, (
            'Wait for a lock instead of answering Failure: the kubelet waits longer each time before it asks again, and the pod with it.'))
    report.passed(501)


def _caught(step):
    def run(volume):
        try:
            return step(volume)
        except Stop as stop:
            return str(stop)
    return run


def _up(volume: Volume) -> str:
    problem = problem_of(volume.set_up())
    count = len(volume.mounts())
    one_too_many = count > max(1, volume.stage.mounted)
    return problem or ('there is no volume' if not volume.is_there() else f'{count} mounts lie on a volume' if one_too_many else '')


def _down(volume: Volume) -> str:
    return problem_of(volume.unmount()) or ('' if volume.unmount_again() else 'a volume is still mounted')


def _take_down(volume: Volume, report: Report, what: str):
    problem = _down(volume)
    if problem:
        report.failed(411, f'{what}: {problem}')


def _is_read_only(path: str) -> bool:
    probe = os.path.join(path, '.conformance-read-only')
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return True
    os.unlink(probe)
    return False


def rare_callouts(stage: Stage, report: Report):
    """Checks 301 and 302: what the kubelet and the controller manager ask besides (expander.go, plugin.go)."""
    with stage.volume() as volume:
        problem = problem_of(volume.set_up())
        if problem:
            raise Stop(problem)
        asked = [] if stage.capabilities['attach'] else [('getvolumename', volume.spec())]
        for arguments in asked + [('expandvolume', volume.spec(), volume.device_path, NEW_SIZE, OLD_SIZE),
                                  ('expandfs', volume.spec(), volume.device, volume.path, NEW_SIZE, OLD_SIZE)]:
            verdict = stage.call(*arguments)
            report.judge(301, verdict.defect and describe(verdict))
            report.judge(302, '' if verdict.defect or verdict.status != callout.FAILURE else f'{describe(verdict)}')
    report.passed(302)


def odd_callouts(stage: Stage, report: Report):
    """Checks 303 to 306."""
    report.judge(303, _wrong_refusal(stage.call()))
    for name in ('mount', 'unmount'):
        problem = _wrong_refusal(stage.call(name))
        if problem:
            report.failed(304, problem)
    report.passed(304)
    for number, text in ((305, '{"broken": '), (306, '{}')):
        with stage.volume() as volume:
            os.makedirs(volume.path, 0o750)
            report.judge(number, _wrong_mount(stage.call('mount', volume.path, text), volume, number == 305))


def _but(verdict: callout.Verdict) -> str:
    return describe(verdict) if verdict.defect else f'the answer is {verdict.status}'


def _wrong_refusal(verdict: callout.Verdict) -> str:
    return _but(verdict) if verdict.defect or verdict.status == callout.SUCCESS else ''


def _wrong_mount(verdict: callout.Verdict, volume: Volume, refuse: bool) -> str:
    if verdict.status != callout.SUCCESS and volume.is_mounted():
        return f'the answer is {verdict.status}, but it mounted something'
    if verdict.status == callout.SUCCESS and not refuse:
        volume.learn_origin()
        return ''
    return _wrong_refusal(verdict)


FULL = Suite('full', (
    Step(601, 609, attachable, ()),
    Step(401, 414, full_life, (602, 604, 605, 606)),
    Step(405, 405, read_only, (401, 402)),
    Step(406, 406, fs_group, (401, 402)),
    Step(407, 409, odd_options, (401, 402)),
    Step(410, 410, metadata, (401,)),
    Step(415, 415, failing, (401, 402)),
    Step(416, 416, two_volumes, (401, 402, 411)),
    Step(417, 417, kubelets_options, (401, 402)),
    Step(418, 418, lasting, (401, 402, 411)),
    Step(501, 501, many, (401, 402, 411)),
    Step(301, 302, rare_callouts, (401,)),
    Step(303, 306, odd_callouts, ()),
))
ATTACH = Suite('attach', (Step(601, 609, attachable, ()),))
SUITES = {suite.name: suite for suite in (BASIC, FULL, ATTACH)}
