# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One callout to a FlexVolume driver, made and judged as the kubelet does (kubernetes: pkg/volume/flexvolume/driver-call.go)."""

import codecs
import collections
import errno
import itertools
import json
import os
import re
import select
import shlex
import signal
import stat
import struct
import subprocess
import time

from .._secrets import PREFIX

# error: the OSError because of which the executable could not be started, else None.
Answer = collections.namedtuple('Answer', ('argv', 'rc', 'output', 'seconds', 'timed_out', 'error'))
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
HIDDEN = '********'
# Seconds: every volume operation of the node waits for init at each probe (flexvolume/probe.go), and an honest one takes milliseconds.
SLOWEST_INIT = 10
LONGEST_OUTPUT = 1024 * 1024
# Where JSON broke off, as Python's json says it and as Go's encoding/json does.
GO_CONTEXTS = {
    'Extra data': 'after top-level value',
    "Expecting ',' delimiter": 'after object key:value pair',
    "Expecting ':' delimiter": 'after object key',
    'Expecting property name enclosed in double quotes': 'looking for beginning of object key string',
    'Invalid control character at': 'in string literal',
}
# e_machine of elf(5), as uname -m names it.
MACHINES = {
    3: 'i386', 8: 'mips', 20: 'ppc', 21: 'ppc64le', 22: 's390x', 40: 'armv7l', 62: 'x86_64', 183: 'aarch64', 243: 'riscv64', 258: 'loongarch64',
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
        return Answer(argv, None, '', time.monotonic() - start, False, error)
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
    return Answer(argv, process.poll(), output.decode('utf-8', 'replace'), seconds, not complete and seconds >= timeout, None)


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
            raise _Defect('unexpected end of JSON input', _why_not_started(answer))
        response = _decode(answer.output)
        capabilities = _capabilities(answer, response)
    except _Defect as found:
        log = '' if answer.timed_out else _unmarshal_log(answer, found.kubelet) + _failed_log(answer, error)
        return Verdict(FAILURE, found.kubelet, {}, dict(CAPABILITIES), _why_env_failed(answer) or found.person, log.rstrip('\n'), answer)

    status, message = response.get('status', ''), response.get('message', '')
    defect, log = None, ''
    if status == SUCCESS and error:
        log = f'FlexVolume: driver bug: {answer.argv[0]}: exec error ({error}) but no error in response.'
        defect = f'it says Success but ends with {error}; the kubelet takes that for a failure.'
        status, message = FAILURE, message or error
    elif status not in (SUCCESS, NOT_SUPPORTED):
        log = _failed(answer, status, message) + '\n' + _failed_log(answer, error)
        if status != FAILURE:
            defect = f'its status is {status!r}; the kubelet knows Success, Failure and Not supported, and takes anything else for a failure.'
            status = FAILURE
    return Verdict(status, message, response, capabilities, defect, log.rstrip('\n'), answer)


def init(executable: str, environment: dict, timeout: float = SLOWEST_INIT) -> Verdict:
    """Call C(init) as the kubelet's prober does; C(defect) is None only if the kubelet would take the driver, and in time."""
    verdict = judge(call(executable, ['init'], environment, timeout))
    if verdict.status == SUCCESS:
        return verdict
    defect = verdict.defect or f'init answers {verdict.status}: {verdict.message or "without a message"}'
    probed = (
        f'Error dynamically probing plugins: error creating Flexvolume plugin from directory '
        f'{os.path.basename(os.path.dirname(executable))}, skipping. Error: {_kubelet_error(verdict)}')
    return verdict._replace(defect=defect, log='\n'.join(filter(None, [verdict.log, probed])))


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
        return f'signal {-answer.rc}'
    return f'exit status {answer.rc}' if answer.rc else ''


def _decode(output: str) -> dict:
    """Read the answer's fields under their own names, whatever their case, as Go's encoding/json does."""
    try:
        data = json.loads(output, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Defect(_go_error(output, error), _why_unreadable(output)) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _Defect(f'json: cannot unmarshal {_go_type(data)} into Go value of type flexvolume.DriverStatus', _why_unreadable(output))
    return _typed(data, FIELDS, 'DriverStatus')


def _capabilities(answer: Answer, response: dict) -> dict:
    if response.get('capabilities', {}) is None:
        # The kubelet looks at those of init alone; a driver that has one type for all its answers says null in the others.
        if _callout(answer) != 'init':
            return dict(CAPABILITIES)
        raise _Defect('runtime error: invalid memory address or nil pointer dereference', (
            'its capabilities are null, and the kubelet crashes on that; answer an object, or leave them out.'))
    stated = _typed(response.get('capabilities', {}), dict.fromkeys(CAPABILITIES, bool), 'DriverCapabilities')
    return dict(CAPABILITIES, **{key: stated[key] for key in CAPABILITIES if key in stated})


def _typed(data: dict, kinds: dict, structure: str) -> dict:
    names = {name.lower(): name for name in kinds}
    result = {}
    for key, value in data.items():
        name = names.get(key.lower(), key)
        # Go leaves a field as it was for null, except a pointer, which capabilities is.
        if value is None and kinds.get(name) is not dict and name in kinds:
            continue
        # To Python, true is a number as well, and a number may have any length.
        if value is not None and name in kinds and (not isinstance(value, kinds[name]) or isinstance(value, bool) != (kinds[name] is bool)
                                                    or (kinds[name] is int and not -1 << 63 <= value < 1 << 63)):
            go_kind, kind = KINDS[kinds[name]]
            raise _Defect(
                f'json: cannot unmarshal {_go_type(value)} into Go struct field {structure}.{name} of type {go_kind}',
                f'its answer has {json.dumps(value)} as {name}, where the kubelet wants {kind}.')
        result[name] = _without_surrogates(value) if isinstance(value, str) else value
    return result


def _without_surrogates(text: str) -> str:
    """Replace what JSON can escape, but no text can hold, as Go does."""
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')


def _refuse_constant(name: str):
    raise ValueError(f'{name} is not JSON')


def _go_type(value) -> str:
    return {bool: 'bool', str: 'string', int: 'number', float: 'number', list: 'array', dict: 'object'}[type(value)]


def _go_error(output: str, error: Exception) -> str:
    """Say where JSON breaks off, in the words of the Go library for the cases that drivers meet."""
    position = getattr(error, 'pos', 0)
    text = getattr(error, 'msg', '')
    if position >= len(output.rstrip(' \t\r\n')) or text.startswith('Unterminated string'):
        return 'unexpected end of JSON input'
    literal = {'t': 'true', 'f': 'false', 'n': 'null'}.get(output[position])
    if text == 'Expecting value' and literal:
        for found, expected in itertools.zip_longest(output[position:position + len(literal)], literal):
            if found is None:
                return 'unexpected end of JSON input'
            if found != expected:
                return f'invalid character {_go_character(found)} in literal {literal} (expecting {expected!r})'
    return f'invalid character {_go_character(output[position])} {GO_CONTEXTS.get(text, "looking for beginning of value")}'


def _go_character(character: str) -> str:
    return {"'": "'\\''", '"': "'\"'"}.get(character) or repr(character)


def _why_unreadable(output: str) -> str:
    if not output.strip():
        return 'it printed nothing; the kubelet wants one JSON object.'
    shown = output if len(output) <= 200 else output[:200] + '…'
    return f'its output is not one JSON object (the kubelet reads stdout and stderr as one stream, and all of it): {shown!r}'


def _unmarshal_log(answer: Answer, error: str) -> str:
    return f'Failed to unmarshal output for command: {_callout(answer)}, output: {_quote(answer.output)}, error: {error}\n'


def _failed_log(answer: Answer, error: str) -> str:
    if not error:
        return ''
    arguments = ' '.join(without_secrets(argument) for argument in answer.argv[1:])
    return (
        f'FlexVolume: driver call failed: executable: {answer.argv[0]}, args: [{arguments}], error: {error}, '
        f'output: {_quote(answer.output)}\n')


def _quote(text: str) -> str:
    return json.dumps(text[:500], ensure_ascii=False)


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


def _kubelet_error(verdict: Verdict) -> str:
    """Return the error that the kubelet hands on for a callout that did not succeed."""
    if verdict.status == NOT_SUPPORTED:
        return NOT_SUPPORTED
    stated = verdict.response.get('status', '')
    return _failed(verdict.answer, stated, verdict.message) if verdict.response and stated != SUCCESS else verdict.message


def _failed(answer: Answer, status: str, message: str) -> str:
    return f'{_callout(answer)} command failed, status: {status}, reason: {message}'


def _why_timed_out(answer: Answer) -> str:
    if answer.rc is not None and answer.rc >= 0:
        return (
            f'it ended, but a process that it left behind still held its output open after {answer.seconds:.0f} s, '
            'and the kubelet waits for that for ever.')
    return f'it had not finished after {answer.seconds:.0f} s and was killed here; the kubelet sets no limit and waits as long as it takes.'


def _why_not_started(answer: Answer) -> str:
    """Say why execve(2) refused the executable, and what to do about it."""
    path, number = answer.argv[0], answer.error.errno
    try:
        mode = os.stat(path).st_mode
        head = _head(path) if stat.S_ISREG(mode) else b''
    except OSError as error:
        return f'{path} cannot be run: {error.strerror}.'
    if not stat.S_ISREG(mode):
        return f'{path} is not a regular file.'
    if not mode & 0o111:
        return f'{path} has mode {stat.S_IMODE(mode):04o}, no execute permission; set its mode to 0755.'
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        return f'{path} lies on a file system that is mounted noexec; remount it exec, or use another plugin dir.'
    if head.startswith(b'\x7fELF'):
        return _why_elf_not_started(path, head, number)
    interpreter, carriage_return = _interpreter(head)
    if carriage_return:
        return _has_crlf(path)
    if interpreter and number in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
        return f'{path} wants the interpreter {interpreter}, which this node does not have or may not run; install it, or name another after #!.'
    if head.startswith(codecs.BOM_UTF8):
        return f'{path} has a byte order mark before its #!, which no editor shows and no kernel takes; save it as UTF-8 without one.'
    if number == errno.ENOEXEC:
        return f'{path} is neither a program of this machine nor a script that begins with #! and an interpreter, which it must name.'
    return f'{path} cannot be run: {answer.error.strerror}.'


def _why_env_failed(answer: Answer) -> str:
    """Say what env(1) could not find for a script that begins with #!/usr/bin/env; empty if that is not what failed."""
    if answer.rc != 127:
        return ''
    interpreter, carriage_return = _interpreter(_head(answer.argv[0]))
    if os.path.basename(interpreter) != 'env':
        return ''
    if carriage_return:
        return _has_crlf(answer.argv[0])
    return f"{answer.argv[0]} asks env for an interpreter that is not on the kubelet's PATH: {answer.output.strip()[:200]!r}; name it by its full path."


def _has_crlf(path: str) -> str:
    return f'{path} has CRLF line ends, so that its interpreter has a carriage return in its name; save it with LF line ends.'


def _why_elf_not_started(path: str, head: bytes, number: int) -> str:
    number_of_machine, = struct.unpack('<H' if head[5:6] == b'\x01' else '>H', head[18:20].ljust(2, b'\0'))
    built_for = MACHINES.get(number_of_machine, 'another machine')
    if number == errno.ENOEXEC:
        return f'{path} was built for {built_for}, and this node is {os.uname().machine}; deploy the build for this architecture.'
    return f'{path} needs a dynamic loader that this node does not have; deploy a static build, or one made for its libc.'


def _head(path: str) -> bytes:
    try:
        with open(path, 'rb') as file:
            return file.read(256)
    except OSError:
        # A driver may remove itself.
        return b''


def _interpreter(head: bytes) -> tuple:
    """Return the interpreter that a script's first line names ('' if none), and whether that line ends in CRLF."""
    match = re.match(rb'#![ \t]*([^\n]*)', head)
    line = match.group(1).decode('utf-8', 'replace') if match else ''
    return line.split()[0] if line.split() else '', line.endswith('\r')
