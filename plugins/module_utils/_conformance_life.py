# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that mount volumes."""

import concurrent.futures
import contextlib
import errno
import os
import uuid

from . import _callout, _mounts
from ._conformance_report import Report, Stop
from ._conformance_volume import POD, Stage, Volume, describe, unmount_by_force

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
    report.judge(413, _failed(stage.call('unmount', Volume(stage).path), optional=True))


def basic_life(stage: Stage, report: Report):
    """Checks 401 to 404, 411, 412 and 414; raises Stop where the checks that follow could only fail for the same reason."""
    with stage.volume() as volume:
        verdict = volume.set_up()
        report.judge(401, _failed(verdict), f'{verdict.answer.seconds:.2f} s')
        if _failed(verdict):
            if volume.is_mounted():
                report.failed(801, f'mount failed, and left a mount on {volume.path}')
            raise Stop('no volume could be mounted')
        mounts = volume.mounts()
        report.judge(402, '' if mounts else f'{volume.path} is no mount point after mount', ', '.join(_shown(mount) for mount in mounts))
        if mounts:
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
    if verdict.status == _callout.NOT_SUPPORTED:
        return ''
    mounts = volume.mounts()
    for _extra in mounts[1:]:
        unmount_by_force(volume.path)
    return _failed(verdict) or ('' if len(mounts) == 1 else f'{len(mounts)} mounts lie on {volume.path}')


def _unmount(volume: Volume, report: Report):
    verdict = volume.unmount()
    still = volume.mounts()
    report.judge(411, _failed(verdict) or (f'{volume.path} is still a mount point' if still else ''), f'{verdict.answer.seconds:.2f} s')
    for _mount in still:
        unmount_by_force(volume.path)
    # The kubelet asks again only while the directory is there.
    os.makedirs(volume.path, 0o750, exist_ok=True)
    again = volume.stage.call('unmount', volume.path)
    report.judge(412, _failed(again, optional=True))
    left = sorted(os.listdir(volume.path)) if os.path.isdir(volume.path) else []
    report.judge(414, f'it holds {", ".join(left)}' if left else '')
    volume.stage.remove_tree(volume.path)
    problem = _failed(volume.take_down_device())
    if problem:
        report.failed(411, problem)


def read_only(stage: Stage, report: Report):
    """Check 405."""
    with stage.volume(read_only=True) as volume:
        verdict = volume.set_up()
        if verdict.status != _callout.SUCCESS:
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
        if _failed(verdict):
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
        if verdict.status != _callout.SUCCESS:
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
    problem = _failed(volume.set_up())
    count = len(volume.mounts())
    return problem or ('' if count == 1 else f'{count} mounts lie on a volume')


def _down(volume: Volume) -> str:
    return _failed(volume.unmount()) or ('a volume is still mounted' if volume.is_mounted() else '')


def attachable(stage: Stage, report: Report):
    """Checks 601 to 609; raises Stop where the volume cannot be brought to the node."""
    if not stage.capabilities['attach']:
        report.leave_out(601, 609, 'init says attach false')
        return
    with stage.volume() as volume:
        name = volume.get_volume_name()
        nameless = name.status == _callout.SUCCESS and not name.response.get('volumeName')
        report.judge(601, 'the answer has no volumeName' if nameless else _failed(name, optional=True))
        attached = volume.attach()
        report.judge(602, _failed(attached), volume.device)
        if _failed(attached):
            raise Stop('no volume could be attached')
        here = volume.is_attached()
        untrue = here.status == _callout.SUCCESS and not here.response.get('attached')
        report.judge(603, 'attached is not true after attach' if untrue else _failed(here, optional=True))
        waited = volume.wait_for_attach()
        no_device = waited.response.get('status') == _callout.SUCCESS and not volume.device
        report.judge(604, 'the answer has no device' if no_device else _failed(waited), volume.device)
        _device_life(volume, report)
    if report.has_failed(*range(601, 609)):
        raise Stop('the attachable life failed')


def _device_life(volume: Volume, report: Report):
    device = volume.mount_device()
    implemented = device.response.get('status') == _callout.SUCCESS
    no_mount = implemented and not volume.device_is_mounted()
    report.judge(605, f'{volume.device_path} is no mount point' if no_mount else _failed(device))
    if not _failed(device):
        problem = _failed(volume.mount()) or ('' if volume.is_mounted() else 'nothing is mounted')
        report.judge(606, problem or _failed(volume.unmount()) or ('it is still mounted' if volume.is_mounted() else ''))
    unmounted = volume.unmount_device()
    report.judge(607, _failed(unmounted) or (f'{volume.device_path} is still a mount point' if volume.device_is_mounted() else ''))
    report.judge(608, _failed(volume.detach()))
    after = volume.is_attached()
    if after.status == _callout.SUCCESS and after.response.get('attached'):
        report.failed(603, 'attached is still true after detach')
    report.judge(609, _failed(volume.detach()))


def _take_down(volume: Volume, report: Report, what: str):
    problem = _down(volume)
    if problem:
        report.failed(411, f'{what}: {problem}')


def _failed(verdict: _callout.Verdict, optional: bool = False) -> str:
    done = (_callout.SUCCESS, _callout.NOT_SUPPORTED) if optional else (_callout.SUCCESS,)
    return '' if verdict.status in done else describe(verdict)


def _is_read_only(path: str) -> bool:
    probe = os.path.join(path, '.conformance-read-only')
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError:
        return True
    os.unlink(probe)
    return False


def _shown(mount: _mounts.Mount) -> str:
    return f'{mount.fs_type} {mount.source}, root {mount.root}'
