# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run of the suite takes place: in a process of its own, enclosed so that nothing that a driver does reaches the node; where that
cannot be had, on the node itself. Either way the run is recorded until it is over, and one that was killed is cleared up after by the next.
"""

import contextlib
import ctypes
import fcntl
import os
import pickle
import select
import shutil
import signal
import time

from .._outcome import NodeError
from .._system import enclosure, loops, mounts, processes, roots, trust

# Only root writes there.
RECORDS = '/run/flexvolume-conformance'
NAME = 'flexvolume-conformance-'
PR_SET_PDEATHSIG = 1
# A mount that does not answer, of a file server that is down, must not hold a deploy.
PATIENCE = 10


def perform(play, token: str, left_out: tuple, enclose: bool = True) -> tuple:
    """Call C(play) with an Enclosure or None, and the Record of this run, in a process of its own; return (what it returned, why it was not enclosed).

    C(token) is in every made-up name of this run and nowhere else on the node; mounts below the paths C(left_out) are not in the enclosure.
    """
    clear_up()
    try:
        return _recorded(play, token, left_out, enclose)
    finally:
        # What a driver made whose stage it killed.
        clear_up()


def _recorded(play, token: str, left_out: tuple, enclose: bool) -> tuple:
    with Record(token) as record:
        why = 'it was asked to be on the node'
        if enclose:
            why, result = _in_child(lambda: enclosure.enter(NAME + token, left_out), play, record)
            if not why:
                return result, ''
        return _in_child(lambda: None, play, record)[1], why


class Record:
    """The file that tells the next run what to clear up should this one be killed: whoever runs holds a lock on it."""

    def __init__(self, token: str):
        self.path = os.path.join(RECORDS, token)
        self.descriptor = _created(self.path)

    def note(self, path: str):
        """Record a path on the node whose entries that bear the token have to go."""
        os.write(self.descriptor, os.fsencode(path) + b'\0')

    def __enter__(self):
        return self

    def __exit__(self, error, *_more):
        # A run that came to no end leaves its record to clear_up.
        if error is None:
            os.unlink(self.path)
        os.close(self.descriptor)
        with contextlib.suppress(OSError):
            os.rmdir(RECORDS)


def _created(path: str) -> int:
    """Create the file and lock it; another run removes the directory when it is done, and a record that it finds before it is locked."""
    while True:
        with contextlib.suppress(FileExistsError):
            os.mkdir(RECORDS, 0o700)
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            os.close(descriptor)


def running() -> list:
    """Return the tokens of the runs that are not over, by whomever they were started."""
    return roots.listing(RECORDS)


def clear_up():
    """Clear up after runs that were killed."""
    for token in running():
        with contextlib.suppress(FileNotFoundError), open(os.path.join(RECORDS, token), 'rb') as record:
            try:
                fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            put_back(token, [os.fsdecode(path) for path in record.read().split(b'\0') if path])
            os.unlink(record.name)
    with contextlib.suppress(OSError):
        os.rmdir(RECORDS)


def put_back(token: str, places: list):
    """End what runs in the enclosure of that token, and take from the node's file systems the mounts, loop devices and entries that bear it."""
    processes.kill([int(pid) for pid in os.listdir('/proc') if pid.isdigit() and _is_inside(pid, NAME + token)])
    for mount in reversed([mount for mount in mounts.read(naming=token) if token in mount.path or token in mount.source]):
        # The token can be seen in /tmp, and a user may mount by it what is no run's (fusermount), and exchange what lies above.
        if not trust.doubt(os.path.dirname(mount.path)):
            mounts.unmount(mount.path)
    for loop in loops.used():
        if token in loop.file:
            loops.detach(loop.name)
    for place in places:
        remove_bearing(place, token)


def remove_bearing(place: str, token: str):
    """Remove what bears the token from a directory: a run's own with all that they hold, others as far as they bear it; never across a mount."""
    with contextlib.suppress(OSError), _opened(place) as directory:
        for name in os.listdir(directory):
            if name.startswith(NAME + token) and not mounts.below(os.path.join(place, name), mounts.read(naming=token)):
                shutil.rmtree(f'/proc/self/fd/{directory}/{name}', ignore_errors=True)
            elif token in name:
                _remove(directory, name, token)


def _remove(directory: int, name: str, token: str):
    """Remove files by their own name, and directories when they are empty then.

    Step by step from an open directory, as a place such as /tmp is everybody's: what is exchanged for a link meanwhile leads nowhere.
    """
    with contextlib.suppress(OSError):
        try:
            with _opened(name, directory) as inner:
                for entry in os.listdir(inner):
                    _remove(inner, entry, token)
            os.rmdir(name, dir_fd=directory)
        except NotADirectoryError:
            if token in name:
                os.unlink(name, dir_fd=directory)


@contextlib.contextmanager
def _opened(path: str, above: int = None):
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if above is None else os.O_NOFOLLOW), dir_fd=above)
    try:
        yield directory
    finally:
        os.close(directory)


def _is_inside(pid: str, name: str) -> bool:
    with contextlib.suppress(OSError):
        return any(mount.path == '/' and mount.source == name for mount in mounts.read(pid, naming=name))
    return False


def _in_child(enter, play, record: Record) -> tuple:
    """Return (why the child could not enter, what the play returned)."""
    reading, writing = os.pipe()
    parent, child = os.getpid(), os.fork()
    if child == 0:
        os.close(reading)
        _be_child(parent, enter, play, record, writing)
    os.close(writing)
    try:
        with open(reading, 'rb') as stream:
            if not select.select([stream], [], [], PATIENCE)[0]:
                os.kill(child, signal.SIGKILL)
                return f'a file system of this node does not answer within {PATIENCE} s', None
            why = pickle.load(stream)
            kind, result = (None, None) if why else pickle.load(stream)
    except (EOFError, pickle.UnpicklingError):
        raise NodeError('The conformance checks were killed before they came to an end: see to the memory of the node, and to whether the driver '
                        'kills the process that called it, and run them again.') from None
    finally:
        _end(child)
    if kind == 'broke':
        raise NodeError(f'The conformance checks broke off: {result}. Please report it.')
    return why, result


def _be_child(parent: int, enter, play, record: Record, writing: int):
    """Enter, play and answer; should the parent be killed meanwhile, come to an end in good order."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, _stop)
    os.setsid()
    # systemd's, and so the kubelet's; that of whoever started the run may be anything.
    os.umask(0o022)
    status = 1
    try:
        with open(writing, 'wb') as stream:
            if os.getppid() == parent:
                status = _play(enter, play, record, stream)
    except BaseException:
        # Nobody is left to be told.
        pass
    finally:
        os._exit(status)


def _play(enter, play, record: Record, stream) -> int:
    try:
        entered = enter()
    except (OSError, StopIteration) as error:
        _say(stream, str(error) or type(error).__name__)
        return 0
    _say(stream, '')
    try:
        _say(stream, ('result', play(entered, record)))
    except Exception as error:
        _say(stream, ('broke', f'{type(error).__name__}: {error}'))
    return 0


def _say(stream, value):
    pickle.dump(value, stream)
    stream.flush()


def _stop(_number, _frame):
    raise SystemExit


def _end(child: int):
    """Wait for the child; one that has not answered by now is told to clear up, and killed if it does not."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < deadline + PATIENCE:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
