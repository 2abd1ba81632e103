# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One callout to a FlexVolume driver, made and judged as the kubelet does (kubernetes: pkg/volume/flexvolume/driver-call.go)."""

import collections
import json
import os
import select
import shlex
import signal
import subprocess
import time

from .._secrets import HIDDEN, PREFIX
from .._system import executables
from . import go_json

# error: the OSError because of which the executable could not be started, else None. cut_off: whether it printed more than is read here.
Answer = collections.namedtuple('Answer', ('argv', 'rc', 'output', 'seconds', 'timed_out', 'error', 'cut_off'))
Verdict = collections.namedtuple('Verdict', ('status', 'message', 'response', 'capabilities', 'defect', 'log', 'answer'))

SUCCESS = 'Success'
NOT_SUPPORTED = 'Not supported'
FAILURE = 'Failure'
CAPABILITIES = {'attach': True, 'selinuxRelabel': True, 'supportsMetrics': False, 'fsGroup': True, 'requiresFSResize': True}
FIELDS = {
    'status': str, 'message': str, 'device': str, 'volumeName': str, 'attached': bool, 'capabilities': dict, 'volumeNewSize': int,
}
# What a field must be, as Go and as a person would name it.
KINDS = {
    str: ('string', 'a string'), bool: ('bool', 'true or false'), int: ('int64', 'a whole number'),
    dict: ('flexvolume.DriverCapabilities', 'an object'),
}
# Seconds: every volume operation of the node waits for init at each probe (flexvolume/probe.go), and an honest one takes milliseconds.
SLOWEST_INIT = 10
# With this env(1) ends where it does not find what it is to run.
NOT_FOUND = 127
LONGEST_OUTPUT = 1024 * 1024
# Of a reason so much is shown to a person, who may have a hundred of such drivers on the screen.
LONGEST_MESSAGE = 2000
# What ends a driver that crashes, as Go names it.
SIGNALS = {
    1: 'hangup', 2: 'interrupt', 3: 'quit', 4: 'illegal instruction', 5: 'trace/breakpoint trap', 6: 'aborted', 7: 'bus error',
    8: 'floating point exception', 9: 'killed', 11: 'segmentation fault', 13: 'broken pipe', 14: 'alarm clock', 15: 'terminated',
}


def call(executable: str, arguments: list, environment: dict, timeout: float, prepare=None) -> Answer:
    """Run C(executable) with C(arguments) as the kubelet does, for at most C(timeout) seconds.

    The kubelet reads stdout and stderr as one stream until every process has closed it, gives its own environment, C(/) as the working
    directory and an empty stdin. What outlasts the time-out is killed with its whole process group. C(prepare) is called in the new process
    before the driver is.
    """
    argv = [executable] + list(arguments)
    start = time.monotonic()
    try:
        # run_command kills no process group, and ends before everybody has closed the stream.
        # pylint: disable-next=ansible-bad-function
        process = subprocess.Popen(
            [_encode(text) for text in argv], env={_encode(key): _encode(value) for key, value in environment.items()},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd='/', start_new_session=True,
            preexec_fn=prepare)  # noqa: PLW1509 - who prepares something has one thread
    except OSError as error:
        return Answer(argv, None, '', time.monotonic() - start, False, error, False)
    complete = False
    with process.stdout as stream:  # type: ignore[union-attr]
        try:
            output, complete = _read(stream.fileno(), start + timeout)
            complete = complete and _ended(process, start + timeout)
        finally:
            # Nor does a person, or systemd, who stops this leave it behind.
            if not complete and process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                _ended(process, time.monotonic() + 2)
    seconds = time.monotonic() - start
    cut_off = len(output) > LONGEST_OUTPUT
    return Answer(argv, process.poll(), go_json.decoded(output), seconds, not complete and not cut_off, None, cut_off)


def by_hand(executable: str, arguments: list, environment: dict) -> str:
    """Return the shell command that makes the same callout; secrets are hidden, and of the environment, which may hold some, only PATH is there."""
    words = ['env', '-i', f'PATH={environment.get("PATH", "")}', executable] + [without_secrets(argument) for argument in arguments]
    directories = [argument for argument in arguments if argument.startswith('/') and not argument.startswith('/dev/')]
    made = f'mkdir -p {shlex.quote(directories[0])} && ' if directories and arguments[0] in ('mount', 'mountdevice') else ''
    return f'cd / && {made}{" ".join(map(shlex.quote, words))} </dev/null 2>&1'


def judge(answer: Answer) -> Verdict:
    """Say what the kubelet makes of an answer, and what is wrong with it; C(defect) is None for any answer that keeps the interface."""
    error = _exec_error(answer)
    try:
        if answer.timed_out:
            raise _Defect('timeout', _why_timed_out(answer))
        if answer.error:
            raise _Defect('unexpected end of JSON input', executables.why_not_started(answer.argv[0], answer.error))
        if answer.cut_off:
            raise _Defect('signal: killed', (
                f'it printed more than {LONGEST_OUTPUT >> 20} MiB, and was killed here; the kubelet reads on, and keeps all of it in memory.'))
        response, capabilities = _decode(answer)
        # The kubelet looks at those of init alone, once it has succeeded; a driver that has one type for all its answers says null in the others.
        if capabilities is None and _callout(answer) == 'init' and response.get('status') == SUCCESS and not error:
            raise _Defect('runtime error: invalid memory address or nil pointer dereference', (
                'its capabilities are null, and the kubelet crashes on that; answer an object, or leave them out.'))
    except _Defect as found:
        log = '' if answer.timed_out or answer.cut_off else _unmarshal_log(answer, found.kubelet) + _failed_log(answer, error)
        of_env = executables.why_env_failed(answer.argv[0], answer.output) if answer.rc == NOT_FOUND else ''
        return Verdict(FAILURE, found.kubelet, {}, dict(CAPABILITIES), of_env or found.person, log.rstrip('\n'), answer)

    status, message = response.get('status', ''), response.get('message', '')
    defect, log = None, ''
    if status == SUCCESS and error:
        log = f'FlexVolume: driver bug: {answer.argv[0]}: exec error ({error}) but no error in response.'
        defect = f'it says Success but ends with {error}; the kubelet takes that for a failure.'
        status, message = FAILURE, message or error
    elif status not in (SUCCESS, NOT_SUPPORTED):
        log = _failed(answer, status, message) + '\n' + _failed_log(answer, error)
        if status != FAILURE:
            defect = f'its status is {_cut(status)!r}; the kubelet knows Success, Failure and Not supported, and takes anything else for a failure.'
            status = FAILURE
    return Verdict(status, message, response, capabilities or dict(CAPABILITIES), defect, log.rstrip('\n'), answer)


def init(executable: str, environment: dict, timeout: float = SLOWEST_INIT) -> Verdict:
    """Call C(init) as the kubelet's prober does; C(defect) is None only if the kubelet would take the driver, and in time."""
    verdict = judge(call(executable, ['init'], environment, timeout))
    if verdict.status == SUCCESS:
        return verdict
    defect = verdict.defect or f'init answers {verdict.status}: {_cut(verdict.message, LONGEST_MESSAGE) or "without a message"}'
    probed = (
        f'Error dynamically probing plugins: error creating Flexvolume plugin from directory '
        f'{os.path.basename(os.path.dirname(executable))}, skipping. Error: {error_of(verdict)}')
    return verdict._replace(defect=defect, log='\n'.join(filter(None, [verdict.log, probed])))


def error_of(verdict: Verdict) -> str:
    """Return the error that the kubelet hands on for a callout that did not succeed."""
    stated = verdict.response.get('status', '')
    if verdict.status == NOT_SUPPORTED:
        return NOT_SUPPORTED
    if stated == SUCCESS:
        return _exec_error(verdict.answer)
    # What could not be read has Go's words for its message, and no fields.
    return verdict.message if verdict.message and not verdict.response else _failed(verdict.answer, stated, verdict.message)


class _Defect(Exception):
    """Why an answer cannot be read: as the kubelet says it, and as a person would."""

    def __init__(self, kubelet: str, person: str):
        super().__init__(person)
        self.kubelet = kubelet
        self.person = person


def _encode(text) -> bytes:
    # Python 3.6 in the C locale would encode arguments as ASCII.
    return str(text).encode('utf-8', 'surrogateescape')


def _read(descriptor: int, deadline: float) -> tuple:
    """Read until every writer has closed the stream; return (bytes, whether that happened before the deadline and the limit)."""
    output = b''
    while len(output) <= LONGEST_OUTPUT:
        if not select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
            return output, False
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return output, True
        output += chunk
    return output, False


def _ended(process: subprocess.Popen, deadline: float) -> bool:
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _callout(answer: Answer) -> str:
    return answer.argv[1] if len(answer.argv) > 1 else ''


def _exec_error(answer: Answer) -> str:
    """Name the end of the process as Go's os/exec does; empty for exit status 0."""
    if answer.error:
        return f'fork/exec {answer.argv[0]}: {os.strerror(answer.error.errno).lower()}'
    if answer.timed_out or answer.rc is None:
        return 'signal: killed'
    if answer.rc < 0:
        return f'signal: {SIGNALS.get(-answer.rc, f"signal {-answer.rc}")}'
    return f'exit status {answer.rc}' if answer.rc else ''


def _decode(answer: Answer) -> tuple:
    """Return the answer's fields under their own names, and its capabilities, None if it says null: Go lays what it reads over the defaults."""
    try:
        data = go_json.loads(answer.output)
    except go_json.Unreadable as error:
        raise _Defect(str(error), _why_unreadable(answer.output)) from None
    except RecursionError:
        raise _Defect("invalid character '[' exceeded max depth", f'its answer is nested more than {go_json.DEEPEST} deep, which is not read here.') from None
    if data is None:
        return {}, dict(CAPABILITIES)
    if not isinstance(data, go_json.Object):
        raise _Defect(f'json: cannot unmarshal {go_json.kind(data)} into Go value of type flexvolume.DriverStatus', _why_unreadable(answer.output))
    response, capabilities = {}, dict(CAPABILITIES)
    for name, value in _fields(data, FIELDS, 'DriverStatus'):
        if name != 'capabilities':
            response[name] = value
        elif value is None:
            response[name] = capabilities = None  # type: ignore[assignment]
        else:
            stated = dict(_fields(value, dict.fromkeys(CAPABILITIES, bool), 'DriverCapabilities.Capabilities'))
            response[name] = dict(response.get(name) or {}, **stated)
            # After null, Go begins with nothing.
            capabilities = dict(capabilities or dict.fromkeys(CAPABILITIES, False), **{key: stated[key] for key in CAPABILITIES if key in stated})
    return response, capabilities


def _fields(data: go_json.Object, kinds: dict, structure: str):
    """Yield each field with its value, in the order of the answer; what is no field of Go's structure under its own key."""
    names = {go_json.folded(name): name for name in kinds}
    for key, value in data.pairs:
        name = names.get(go_json.folded(key), key)
        wanted = kinds.get(name)
        # Go leaves a field as it was for null, except a pointer, which capabilities is.
        if value is None and wanted not in (None, dict):
            continue
        # To Python, true is a number as well.
        if value is not None and wanted and (not isinstance(value, wanted) or isinstance(value, bool) != (wanted is bool)):
            go_kind, kind = KINDS[wanted]
            where = f'{structure}.{"Capabilities" if wanted is dict else name}'
            number = f' {go_json.literal(value)}' if wanted is int and go_json.kind(value) == 'number' else ''
            raise _Defect(f'json: cannot unmarshal {go_json.kind(value)}{number} into Go struct field {where} of type {go_kind}',
                          f'its answer has {_cut(go_json.literal(value))} as {name}, where the kubelet wants {kind}.')
        yield name, value


def _why_unreadable(output: str) -> str:
    if not output.strip():
        return 'it printed nothing; the kubelet wants one JSON object.'
    return f'its output is not one JSON object (the kubelet reads stdout and stderr as one stream, and all of it): {_cut(output)!r}'


def _cut(text: str, longest: int = 200) -> str:
    return text if len(text) <= longest else text[:longest] + '…'


def _unmarshal_log(answer: Answer, error: str) -> str:
    return f'Failed to unmarshal output for command: {_callout(answer)}, output: {go_json.quoted(answer.output[:500])}, error: {error}\n'


def _failed_log(answer: Answer, error: str) -> str:
    if not error:
        return ''
    arguments = ' '.join(without_secrets(argument) for argument in answer.argv[1:])
    return (
        f'FlexVolume: driver call failed: executable: {answer.argv[0]}, args: [{arguments}], error: {error}, '
        f'output: {go_json.quoted(answer.output[:500])}\n')


def without_secrets(argument: str) -> str:
    """Return a callout's argument with the values of the secrets in its JSON hidden."""
    if PREFIX not in argument:
        return argument
    try:
        options = json.loads(argument)
    except ValueError:
        return HIDDEN
    if not isinstance(options, dict):
        return HIDDEN
    return json.dumps({key: HIDDEN if key.startswith(PREFIX) else value for key, value in options.items()})


def _failed(answer: Answer, status: str, message: str) -> str:
    return f'{_callout(answer)} command failed, status: {status}, reason: {message}'


def _why_timed_out(answer: Answer) -> str:
    if answer.rc is not None and answer.rc >= 0:
        return (
            f'it ended, but a process that it left behind still held its output open after {answer.seconds:.0f} s, '
            'and the kubelet waits for that for ever.')
    return f'it had not finished after {answer.seconds:.0f} s and was killed here; the kubelet sets no limit and waits as long as it takes.'
