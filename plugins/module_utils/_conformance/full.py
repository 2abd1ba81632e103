# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that the full suite has besides the basic one. What a deploy sends to a node is the basic suite alone."""

import concurrent.futures
import contextlib
import os
import uuid

from .._kubelet import callout
from .life import basic_life
from .report import Report, Stop
from .stage import POD, Stage, Volume, describe, problem_of
from .suite import Suite

MANY = 20
FS_GROUP = 61337
EXTRA_OPTION = 'conformance'
# What a driver that takes the option at all has to take in it, and what it may as well refuse. The token goes into each value, so that a
# directory of that name is known for made-up.
ODD = {'a space': 'a {}', 'quotes': '''it's "{}"''', 'a newline': 'a\n{}', 'non-ASCII letters': 'Größe 資料 {}'}
OUTLANDISH = {'a leading dash': '-o {}', 'format characters': '%s%n\\n\\{}', 'nothing': ''}


def full_life(stage: Stage, report: Report):
    """Check 413 and those of the basic life."""
    basic_life(stage, report)
    report.judge(413, problem_of(stage.call('unmount', Volume(stage).path), optional=True))


def read_only(stage: Stage, report: Report):
    """Check 405."""
    with stage.volume(read_only=True) as volume:
        verdict = volume.set_up()
        if verdict.status != callout.SUCCESS:
            report.judge(405, verdict.defect and describe(verdict), f'refused: {verdict.message}')
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


def odd_options(stage: Stage, report: Report):
    """Checks 407 to 409: every option that the driver is known to take, and one that it does not know, with values that hurt."""
    outside = os.path.join(stage.root, 'outside')
    os.makedirs(outside)
    executed = os.path.join(stage.root, 'executed')
    commands = [stage.token + form % f'touch {executed}' for form in ('$(%s)', '`%s`', '; %s;', '"; %s; "', "'; %s; '")]
    climbing = '../' * 40 + outside[1:]
    accepts = not _odd(stage, EXTRA_OPTION, f'plain-{stage.token}', True)
    for key in sorted(stage.options) + [EXTRA_OPTION]:
        if key.startswith('kubernetes.io/'):
            continue
        for what, value in dict(ODD, **OUTLANDISH).items():
            problem = _odd(stage, key, value.format(stage.token), accepts and key == EXTRA_OPTION and what in ODD)
            if problem:
                report.failed(407, f'{key} with {what}: {problem}')
        for value in commands:
            _odd(stage, key, value, False)
        for value in (climbing, climbing + '/made', f'{stage.options.get(key, "x")}/{climbing}'):
            _odd(stage, key, value, False, lambda volume, option=key: _judge_climb(volume, outside, f'option {option}', 409, report))
    report.judge(408, 'a command in an option was run' if os.path.exists(executed) else '')
    if os.path.exists(executed):
        os.unlink(executed)
    report.passed(407)
    report.passed(409)
    stage.remove_tree(outside)


def metadata(stage: Stage, report: Report):
    """Check 410: the pod's options lie over what the kubelet says of the pod, so that they might replace it."""
    outside = os.path.join(stage.root, 'outside')
    os.makedirs(outside)
    other = str(uuid.uuid4())[:24] + stage.token
    for key, value in ((POD + 'namespace', '../' * 40 + outside[1:]), (POD + 'name', '../' * 40 + outside[1:]), (POD + 'uid', other)):
        def look(volume, option=key):
            _judge_climb(volume, outside, option, 410, report)
            origin = volume.origin()
            if origin and other in origin:
                report.failed(410, f'{option} of another pod was believed: {origin} is mounted')
        _odd(stage, key, value, False, look)
    report.passed(410)
    stage.remove_tree(outside)


def _odd(stage: Stage, key: str, value: str, must_accept: bool, look=None) -> str:
    """Mount and unmount with one option; return the problem, if there is one."""
    with stage.volume(options={key: value}) as volume:
        verdict = volume.set_up()
        if look:
            look(volume)
        if verdict.defect:
            return describe(verdict)
        if verdict.status != callout.SUCCESS:
            left = volume.is_mounted()
            return f'the answer is {verdict.status}, but it mounted something' if left else describe(verdict) if must_accept else ''
        return '' if volume.is_mounted() else 'the answer is Success, but nothing is mounted'


def _judge_climb(volume: Volume, outside: str, what: str, number: int, report: Report):
    origin = volume.origin() or ''
    if os.listdir(outside) or origin == outside or origin.startswith(outside + '/'):
        report.failed(number, f'{what} with ".." reached {outside}')


def many(stage: Stage, report: Report):
    """Check 501."""
    if stage.capabilities['attach']:
        report.leave_out(501, 501, 'a volume of an attachable driver is attached once')
        return
    with contextlib.ExitStack() as stack:
        volumes = [stack.enter_context(stage.volume()) for _number in range(MANY)]
        with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
            problems = list(pool.map(_caught(_up), volumes)) + list(pool.map(_caught(_down), volumes))
    problems = [problem for problem in problems if problem]
    report.judge(501, f'{len(problems)} of {2 * MANY} callouts failed: {problems[0]}' if problems else '')


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
    return problem or ('' if count == 1 else f'{count} mounts lie on a volume')


def _down(volume: Volume) -> str:
    return problem_of(volume.unmount()) or ('a volume is still mounted' if volume.is_mounted() else '')


def attachable(stage: Stage, report: Report):
    """Checks 601 to 609; raises Stop where the volume cannot be brought to the node."""
    if not stage.capabilities['attach']:
        report.leave_out(601, 609, 'init says attach false')
        return
    with stage.volume() as volume:
        name = volume.get_volume_name()
        nameless = name.status == callout.SUCCESS and not name.response.get('volumeName')
        report.judge(601, 'the answer has no volumeName' if nameless else problem_of(name, optional=True))
        attached = volume.attach()
        report.judge(602, problem_of(attached), volume.device)
        if problem_of(attached):
            raise Stop('no volume could be attached')
        here = volume.is_attached()
        untrue = here.status == callout.SUCCESS and not here.response.get('attached')
        report.judge(603, 'attached is not true after attach' if untrue else problem_of(here, optional=True))
        waited = volume.wait_for_attach()
        no_device = waited.response.get('status') == callout.SUCCESS and not volume.device
        report.judge(604, 'the answer has no device' if no_device else problem_of(waited), volume.device)
        _device_life(volume, report)
    if report.has_failed(*range(601, 609)):
        raise Stop('the attachable life failed')


def _device_life(volume: Volume, report: Report):
    device = volume.mount_device()
    implemented = device.response.get('status') == callout.SUCCESS
    no_mount = implemented and not volume.device_is_mounted()
    report.judge(605, f'{volume.device_path} is no mount point' if no_mount else problem_of(device))
    if not problem_of(device):
        problem = problem_of(volume.mount()) or ('' if volume.is_mounted() else 'nothing is mounted')
        report.judge(606, problem or problem_of(volume.unmount()) or ('it is still mounted' if volume.is_mounted() else ''))
    unmounted = volume.unmount_device()
    report.judge(607, problem_of(unmounted) or (f'{volume.device_path} is still a mount point' if volume.device_is_mounted() else ''))
    report.judge(608, problem_of(volume.detach()))
    after = volume.is_attached()
    if after.status == callout.SUCCESS and after.response.get('attached'):
        report.failed(603, 'attached is still true after detach')
    report.judge(609, problem_of(volume.detach()))


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


def odd_callouts(stage: Stage, report: Report):
    """Checks 301 to 306."""
    unknown = stage.call('conformance')
    report.judge(301, _wrong_refusal(unknown))
    report.judge(302, '' if unknown.status == callout.NOT_SUPPORTED else _but(unknown))
    report.judge(303, _wrong_refusal(stage.call()))
    report.judge(304, _wrong_refusal(stage.call('mount')) or _wrong_refusal(stage.call('unmount')))
    if report.has_failed(401, 402, 411):
        raise Stop('mount or unmount does not do what it says')
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
    (606, attachable), (403, full_life), (405, read_only), (406, fs_group), (407, odd_options), (410, metadata), (501, many)), (odd_callouts,))
