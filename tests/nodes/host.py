# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that carries the nodes: its commands, its packages, and where things are kept on it."""

import contextlib
import errno
import fcntl
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'nodeops.flexvolume'
RUN = pathlib.Path('/run/nodeops.flexvolume')
DEBIAN_PACKAGES = pathlib.Path(__file__).resolve().parents[1] / 'tools/debian-packages'
SPEAK_SECONDS = 20
SHOWN_LINES = 20
ROOM = f'Nodes need two gigabytes in {CACHE} and a few megabytes in /run and /tmp: make room, then run the same again.'


class Failure(Exception):
    """One sentence for whoever runs this: what is wrong, where, and what to do about it."""


def say(text: str):
    """Report progress; standard output stays free for what a command prints."""
    print(f'nodes: {text}', file=sys.stderr, flush=True)


def run(*command, **options) -> str:
    """Run a command and return what it printed; raise Failure, with what it said, when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failure(_failed(words, done.returncode, f'{done.stdout}{done.stderr}'))
    return done.stdout


def run_slowly(what: str, *command, **options):
    """Run a command that takes minutes, as C(run) does, and say now and then how long it has been, with its last line of output."""
    words = [str(word) for word in command]
    began = time.monotonic()
    say(what)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, **options)
        try:
            while _runs(process):
                said = _written(output).splitlines()
                say(f'{what}: {_minutes(time.monotonic() - began)}{f", {said[-1].strip()}" if said else ""}')
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if process.returncode:
            raise Failure(_failed(words, process.returncode, _written(output)))
    say(f'{what}: done in {_minutes(time.monotonic() - began)}')


def install(*packages: str):
    """Install the Debian packages that are missing."""
    if subprocess.run([DEBIAN_PACKAGES, *packages], check=False).returncode:
        raise Failure(f'The nodes need these Debian packages: {" ".join(packages)}.')


@contextlib.contextmanager
def locked(path: pathlib.Path):
    """Hold the lock file C(path); whoever else wants it waits, and says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='utf-8') as lock:
        _lock(lock.fileno(), path)
        yield


@contextlib.contextmanager
def locked_run():
    """Hold C(RUN), whatever cache one has, and remove it when nothing is left in it."""
    while True:
        RUN.mkdir(exist_ok=True)
        directory = os.open(RUN, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(directory, RUN)
            # Whoever held it may have removed it.
            if not RUN.exists() or not os.path.samestat(os.fstat(directory), RUN.stat()):
                continue
            yield
            if not list(RUN.iterdir()):
                RUN.rmdir()
            return
        finally:
            os.close(directory)


def _lock(descriptor: int, path: pathlib.Path):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f'waiting for another run, which holds {path}')
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _failed(words: list, status: int, said: str) -> str:
    shown = said.strip().splitlines()[-SHOWN_LINES:]
    room = f'\n{ROOM}' if os.strerror(errno.ENOSPC) in said else ''
    return '\n'.join([f'{shlex.join(words)} failed ({status}):', *shown]) + room


def _runs(process: subprocess.Popen) -> bool:
    try:
        process.wait(SPEAK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _written(output) -> str:
    # By position: the command goes on writing through the same open file.
    return os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0).decode(errors='replace')


def _minutes(seconds: float) -> str:
    return f'{int(seconds) // 60} min {int(seconds) % 60} s' if seconds >= 60 else f'{int(seconds)} s'
