# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pod's author can say to a driver that runs as root: options with values that hurt."""

import base64
import contextlib
import os
import tempfile
import uuid

from .._kubelet import callout
from .._secrets import PREFIX, encoded
from .report import MUST, SHOULD, Report
from .stage import POD, Stage, Volume, describe

EXTRA_OPTION = 'conformance'
# What a driver that takes the option at all has to take in it, and what it may as well refuse. The token goes into each value, so that a
# directory of that name is known for made-up.
ODD = {'a space': 'a {}', 'quotes': '''it's "{}"''', 'a newline': 'a\n{}', 'non-ASCII letters': 'Größe 資料 {}'}
OUTLANDISH = {'a leading dash': '-o {}', 'format characters': '%s%n\\n\\{}', 'nothing': ''}
# A shell that gets one of these as part of its own text runs what is in it, whatever stands before.
COMMANDS = ('$(%s)', '`%s`', ';%s;', '\n%s\n', '"; %s; "', "'; %s; '")
CLIMB = '../' * 40
ADVICE = 'Answer Success with a volume, or Failure with nothing mounted: the kubelet takes a mount that it finds for the volume.'


def odd_options(stage: Stage, report: Report):
    """Checks 407 to 409: every option that the driver is known to take, and one that it does not know."""
    own = sorted(key for key in stage.options if not key.startswith('kubernetes.io/'))
    secrets = sorted(key for key in stage.options if key.startswith(PREFIX))
    accepts = not _odd(stage, EXTRA_OPTION, f'plain-{stage.token}', True)[1]
    for key in own + [EXTRA_OPTION]:
        for what, value in dict(ODD, **OUTLANDISH).items():
            level, problem = _odd(stage, key, value.format(stage.token), accepts and key == EXTRA_OPTION and what in ODD)
            if problem:
                report.failed(407, f'{key} with {what}: {problem}', level, ADVICE if level == MUST else '')
    report.passed(407)
    _commands(stage, report, own + [EXTRA_OPTION], secrets)
    _climbs(stage, report, own + [EXTRA_OPTION])
    for number in (408, 409):
        if own or (secrets and number == 408):
            report.passed(number, f'tried in {", ".join(own + (secrets if number == 408 else []))}')
        else:
            report.leave_out(number, number, "nothing to try: no options are configured; state what a pod would say in the driver's options")


def _commands(stage: Stage, report: Report, own: list, secrets: list):
    executed = os.path.join(stage.scratch, 'executed')
    for key in own + secrets:
        for form in COMMANDS:
            # The token before any slash, so that a directory of that name is known for made-up.
            text = form % f': {stage.token}; touch {executed}'
            given = str(stage.options.get(key, stage.token))
            tried = [encoded(_decoded(given) + text)] if key in secrets else [given + text] + ([text] if key in stage.options else [])
            for value in tried:
                _odd(stage, key, value, False)
                if os.path.exists(executed):
                    os.unlink(executed)
                    report.failed(408, f'{key} with {text.replace(executed, "FILE")!r} in it made the file', advice=(
                        f'Hand {key} on as one word, never as part of a program: no eval, no sh -c, no unquoted expansion.'))


def _climbs(stage: Stage, report: Report, keys: list):
    for key in keys:
        with _outside(stage) as outside:
            given = str(stage.options.get(key, 'x'))
            values = [CLIMB + outside[1:], f'{CLIMB}{outside[1:]}/made', f'{given}/{CLIMB}{outside[1:]}']
            if given.startswith('/'):
                # An option that is an absolute path by its nature may name any: then there is nothing to climb out of.
                reached = []
                _odd(stage, key, outside, False, lambda volume, reached=reached: reached.append(_reaches(volume, outside)))
                values = [] if any(reached) else values
            else:
                values += [outside, f'{outside}/made']
            for value in values:
                _odd(stage, key, value, False, lambda volume, value=value, key=key: _judge_climb(
                    volume, outside, f'{key}={value.replace(CLIMB, "../…/")}', 409, report))


def metadata(stage: Stage, report: Report):
    """Check 410: the pod's options lie over what the kubelet says of the pod, so that they might replace it."""
    other = str(uuid.uuid4())[:24] + stage.token
    with _outside(stage) as outside:
        climbs = (CLIMB + outside[1:], f'x/{CLIMB}{outside[1:]}', outside)
        tried = [(POD + key, value) for key in ('namespace', 'name', 'uid') for value in climbs] + [(POD + 'uid', other)]
        for key, value in tried:
            def look(volume, key=key, value=value):
                _judge_climb(volume, outside, f'{key}={value.replace(CLIMB, "../…/")}', 410, report)
                origin = volume.origin()
                if origin and other in origin:
                    report.failed(410, f'{key} of another pod was believed: {origin} is mounted')
            _odd(stage, key, value, False, look)
    report.passed(410)


def kubelets_options(stage: Stage, report: Report):
    """Check 417: what a pod says in fsType and readOnly, and the secret that it names, besides its options."""
    for what, options in (('fsType ext4', {'kubernetes.io/fsType': 'ext4'}), ('a secret', {PREFIX + 'conformance': encoded('s3cret$ "{}"')})):
        problem = _odd(stage, *next(iter(options.items())), False)[1]
        if problem:
            report.failed(417, f'{what}: {problem}')
    report.passed(417)


def _odd(stage: Stage, key: str, value: str, must_accept: bool, look=None) -> tuple:
    """Mount and unmount with one option; return the level and the problem, if there is one."""
    with stage.volume(options={key: value}) as volume:
        verdict = volume.set_up()
        if look:
            look(volume)
        if verdict.answer.timed_out:
            return MUST, describe(verdict)
        if verdict.status != callout.SUCCESS and volume.is_mounted():
            return MUST, f'the answer is {verdict.status}, but it mounted something'
        if verdict.status == callout.SUCCESS:
            return MUST, '' if volume.is_there() else 'the answer is Success, but there is no volume'
        # What cannot be read is a refusal as well; the kubelet cannot say why.
        unclear = verdict.defect and verdict.answer.rc == 0
        return SHOULD, describe(verdict) if unclear or must_accept else ''


@contextlib.contextmanager
def _outside(stage: Stage):
    """Yield a directory where no volume has any business, with a file by which it is known."""
    outside = tempfile.mkdtemp(prefix='outside-', dir=stage.scratch)
    os.close(os.open(os.path.join(outside, _mark(stage)), os.O_CREAT | os.O_WRONLY, 0o600))
    yield outside
    stage.remove_tree(outside)


def _mark(stage: Stage) -> str:
    return f'outside-{stage.token}'


def _reaches(volume: Volume, outside: str) -> bool:
    mark, origin = _mark(volume.stage), volume.origin() or ''
    shown = os.path.lexists(os.path.join(volume.path, mark))
    return shown or os.listdir(outside) != [mark] or origin == outside or origin.startswith(outside + '/')


def _judge_climb(volume: Volume, outside: str, what: str, number: int, report: Report):
    if _reaches(volume, outside):
        report.failed(number, f'{what} reached {outside}', advice='' if number == 410 else (
            'Refuse ".." in it.' if '..' in what else 'Refuse a slash at its beginning, or join it to the base without letting it replace that.'))


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode('utf-8', 'surrogateescape')
