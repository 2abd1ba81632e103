# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small steps on files and directories that every concern needs."""

import contextlib
import errno
import itertools
import os

from .._outcome import Outcome

DIRECTORY_MODE = 0o755
READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Enough to go further, and possible without the right to read.
STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
# Rounds without anything removed, before a directory to which others go on writing is given up.
PATIENCE = 100


@contextlib.contextmanager
def opened(path: str):
    """Give a descriptor of the directory, reached one step after the other without following a symbolic link, so that nobody on the way can lead elsewhere.

    FileNotFoundError and NotADirectoryError name the step that is missing, or is a link or a file.
    """
    with _descended(path, lambda descriptor, name, step: os.open(name, STEP, dir_fd=descriptor)) as descriptor:
        reopened = os.open('.', READ, dir_fd=descriptor)
        try:
            yield reopened
        finally:
            os.close(reopened)


def names(directory: str) -> list:
    """Return the names in a directory in their order, none where it is missing; of one that cannot be read nothing is known, which is an error."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def make_directory(path: str, outcome: Outcome) -> tuple:
    """Make a directory of mode 0755 and its missing parents, to be removed again when the Outcome is taken back; return its identity.

    No symbolic link is followed, as in C(opened), and of what is made the mode is set by its descriptor, whatever name it has by then.
    """
    def step_into(descriptor: int, name: str, step: str) -> int:
        try:
            return os.open(name, STEP, dir_fd=descriptor)
        except FileNotFoundError:
            os.mkdir(name, DIRECTORY_MODE, dir_fd=descriptor)
        outcome.undo.append(lambda: remove_directory(step))
        made = os.open(name, READ, dir_fd=descriptor)
        if os.fstat(made).st_uid != os.geteuid() or os.listdir(made):
            os.close(made)
            raise OSError(errno.ESTALE, 'somebody exchanged it while it was made', step)
        os.fchmod(made, DIRECTORY_MODE)
        return made

    with _descended(path, step_into) as descriptor:
        return identity(descriptor)


def remove_directory(path: str):
    """Remove an empty directory, reached as by C(opened)."""
    with opened(os.path.dirname(path)) as parent:
        os.rmdir(os.path.basename(path), dir_fd=parent)


def remove_tree(path: str, expected: tuple):
    """Delete a directory, reached as by C(opened) and of that identity, with all that it holds, but nothing on another file system.

    What a directory holds is moved to the top before it is looked into, so that no depth costs descriptors or a deep recursion.
    """
    name = os.path.basename(path)
    with opened(os.path.dirname(path)) as parent:
        top = os.open(name, READ, dir_fd=parent)
        try:
            if identity(top) != expected:
                raise OSError(errno.ESTALE, 'somebody exchanged it', path)
            _empty(top, path)
        finally:
            os.close(top)
        os.rmdir(name, dir_fd=parent)


def identity(descriptor: int) -> tuple:
    """Return (st_dev, st_ino) of an open file."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def create(path: str, fill, mode: int):
    """Make a file of root's, one that was not there, have C(fill) write into it, and bring it to the disk."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
        fill(file)
        file.flush()
        os.fchown(file.fileno(), 0, 0)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def unlink(path: str):
    """Remove a file that may be missing; of a missing one a file system that is read-only says so, and not that it is missing."""
    if os.path.lexists(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def move_over(source: str, target: str):
    """Rename C(source) over C(target); a missing source leaves no target either."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        unlink(target)


def link_over(source: str, target: str):
    """Make C(target) another name of C(source), at once; a missing source leaves no target either."""
    fresh = target + '.new'
    unlink(fresh)
    try:
        os.link(source, fresh)
    except FileNotFoundError:
        unlink(target)
        return
    os.rename(fresh, target)
    # Where both were names of one file already, rename(2) does nothing.
    unlink(fresh)


def sync(directory: str):
    """Bring a directory's entries to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _descended(path: str, step_into):
    """Give a descriptor of an absolute path, which C(step_into) reaches step by step from the one before."""
    descriptor, step = os.open('/', STEP), ''
    try:
        for name in filter(None, os.path.normpath(path).split('/')):
            step = f'{step}/{name}'
            try:
                deeper = step_into(descriptor, name, step)
            except OSError as error:
                # Without O_NOFOLLOW's own ELOOP, which O_DIRECTORY turns into ENOTDIR on some kernels.
                number = errno.ENOTDIR if error.errno == errno.ELOOP else error.errno
                raise OSError(number, error.strerror, step) from error
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


def _empty(top: int, path: str):
    device, stuck, token = os.fstat(top).st_dev, 0, os.urandom(8).hex()
    new_names = (f'.removed-{token}-{number}' for number in itertools.count())
    while True:
        entries = os.listdir(top)
        if not entries:
            return
        removed = [name for name in entries if _remove_entry(name, top, device, new_names, path)]
        stuck = 0 if removed else stuck + 1
        if stuck > PATIENCE:
            raise OSError(errno.ENOTEMPTY, 'somebody goes on writing to it', f'{path}/{entries[0]}')


def _remove_entry(name: str, top: int, device: int, new_names, path: str) -> bool:
    """Remove one entry of the top directory, its subdirectories moved there first; say whether it went, which others can prevent for a while."""
    try:
        if not _unlinked(name, top):
            inner = os.open(name, READ, dir_fd=top)
            try:
                if os.fstat(inner).st_dev != device:
                    raise OSError(errno.EBUSY, 'another file system is mounted there', name)
                for child in os.listdir(inner):
                    if not _unlinked(child, inner):
                        os.rename(child, next(new_names), src_dir_fd=inner, dst_dir_fd=top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.ENOTDIR, errno.ELOOP):
            inside = '' if error.filename == name else f'/{error.filename}'
            raise OSError(error.errno, error.strerror, f'{path}/{name}{inside}') from error
        return False
    return True


def _unlinked(name: str, directory: int) -> bool:
    """Unlink a name unless it is a directory's."""
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        return False
    return True
