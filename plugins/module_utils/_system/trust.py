# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether somebody else than root can change what a path leads to: root believes no file, and runs none, that somebody else could have put there.

Where nobody can, looking at a path first and using it afterwards is no race either.
"""

import collections
import os
import pwd
import stat

from .._outcome import NodeError
from .roots import below

LONGEST_CHAIN = 40
ACL = 'system.posix_acl_access'

# C(path) is what is open to others, the end of the path asked for or any directory or symbolic link on the way; C(why) is said of it.
Doubt = collections.namedtuple('Doubt', ('path', 'why'))


def doubt(path: str, root: str = '/'):
    """Return the Doubt about an absolute path, below another C(root) directory where given, or None where only root can change what it leads to.

    Every directory on the way counts, and symbolic links are followed. In a directory with the sticky bit, such as /tmp, only what root made is safe:
    what is missing there anybody may make, and what is mounted there may be a user's own file system. Elsewhere what is missing only root can make.
    """
    todo, done, links = _parts(path), [], 0
    status = os.stat(below(root, '/'))
    why = _why(status, below(root, '/'))
    while todo and not why:
        part = todo.pop(0)
        if part == '..':
            done = done[:-1]
            status = os.stat(below(root, _joined(done)))
            why = '' if todo else _why(status, below(root, _joined(done)))
            continue
        here, above = _joined(done + [part]), status
        try:
            status = os.lstat(below(root, here))
        except (FileNotFoundError, NotADirectoryError):
            return Doubt(here, 'is missing from a directory in which anybody may make it') if _is_shared(above) else None
        except OSError as error:
            return Doubt(here, f'cannot be looked at ({error.strerror})')
        if _is_shared(above) and (status.st_dev != above.st_dev or status.st_uid not in _believed()):
            return Doubt(here, _why(status, below(root, here)) or 'lies in a directory in which anybody may put something of that name')
        if not stat.S_ISLNK(status.st_mode):
            done.append(part)
            why = '' if _is_shared(status) and todo else _why(status, below(root, here))
        elif links < LONGEST_CHAIN:
            links += 1
            target = os.readlink(below(root, here))
            todo, done = _parts(target) + todo, [] if target.startswith('/') else done
            status = os.stat(below(root, _joined(done)))
        else:
            return None
    return Doubt(_joined(done), why) if why else None


def demand(path: str, what: str, root: str = '/'):
    """Raise NodeError where somebody else than root can change what the path leads to; C(what) names it, such as C(The config file)."""
    found = doubt(path, root)
    if found:
        raise NodeError(f'{what} {path} is not believed, because {found.path} {found.why}, so that somebody else than root could choose what is there: '
                        f'let root alone own and write {found.path}, or keep it where that is so.')


def why_open(path: str) -> str:
    """Return why somebody else than root may write what is at the path, as said of it; empty where nobody may, or nothing is there."""
    try:
        return _why(os.stat(path), path)
    except OSError:
        return ''


def is_open(status) -> bool:
    """Say of a stat result, which knows no ACL, whether somebody else than root may write it."""
    return status.st_uid not in _believed() or bool(status.st_mode & 0o002) or bool(status.st_mode & 0o020 and status.st_gid)


def _parts(path: str) -> list:
    return [part for part in path.split('/') if part not in ('', '.')]


def _joined(parts: list) -> str:
    return '/' + '/'.join(parts)


def _believed() -> tuple:
    """Without root's rights, a run can lose no more than its own user's."""
    return 0, os.geteuid()


def _is_shared(status) -> bool:
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX) and bool(status.st_mode & 0o022) and status.st_uid in _believed()


def _why(status, path: str) -> str:
    if status.st_uid not in _believed():
        return f'belongs to {_owner(status.st_uid)}'
    if is_open(status) or (status.st_mode & 0o020 and _has_acl(path)):
        return f'may be written by others (mode {stat.S_IMODE(status.st_mode):04o})'
    return ''


def _has_acl(path: str) -> bool:
    """Say whether an ACL gives rights to others by name; the group's bits in the mode are then their mask (acl(5))."""
    try:
        return bool(os.getxattr(path, ACL))
    except OSError:
        return False


def _owner(uid: int) -> str:
    try:
        return f'{pwd.getpwuid(uid).pw_name} (uid {uid})'
    except KeyError:
        return f'uid {uid}'
