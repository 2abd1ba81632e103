# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(mortal.py CHANGES DRIVER CALLOUT...): makes a callout with a driver that dies, as if killed, when it would change one thing more than C(CHANGES).

In the environment, C(KERNEL=old) makes the kernel one before 5.12, C(KERNEL=stubborn) such a one that changes no mount flags, C(KERNEL=quota) one that
gives each directory the project quota that is asked for.
"""

import errno
import fcntl
import importlib.machinery
import importlib.util
import itertools
import os
import posix
import sys

DIED = 99
CHANGES = ('chmod', 'chown', 'ftruncate', 'mkdir', 'open', 'rename', 'rmdir', 'symlink', 'unlink', 'utime', 'write')
REMOUNT, QUOTACTL_FD = 32, 443
changes = itertools.count()


class Mortal:
    """The module posix, until death."""

    def __getattr__(self, name):
        return mortal(getattr(posix, name)) if name in CHANGES else getattr(posix, name)


def mortal(function):
    def call(*arguments, **named):
        if next(changes) == int(sys.argv[1]):
            posix._exit(DIED)
        return function(*arguments, **named)
    return call


def of(kernel: str, libc):
    """Return the libc of another kernel than runs here."""
    def call(name, *arguments):
        if kernel == 'quota':
            return 0 if name == 'syscall' and arguments[0] == QUOTACTL_FD else libc(name, *arguments)
        if name == 'syscall':
            raise OSError(errno.ENOSYS, 'not implemented')
        if kernel == 'stubborn' and name == 'mount' and arguments[3] & REMOUNT:
            raise OSError(errno.EPERM, 'refused')
        return libc(name, *arguments)
    return call


if __name__ == '__main__':
    loader = importlib.machinery.SourceFileLoader('dynhostpath', sys.argv[2])
    driver = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(driver)
    if 'KERNEL' in os.environ:
        driver.libc = of(os.environ['KERNEL'], driver.libc)
        fcntl.ioctl = lambda *_arguments: 0
    driver.posix, driver.libc, driver.run = Mortal(), mortal(driver.libc), mortal(driver.run)
    posix._exit(driver.main(sys.argv[3:]))
