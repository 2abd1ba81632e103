# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(mortal.py CHANGES DRIVER CALLOUT...): makes a callout with a driver that dies, as if killed, when it would change one thing more than C(CHANGES)."""

import importlib.machinery
import importlib.util
import itertools
import posix
import sys

DIED = 99
CHANGES = ('chmod', 'chown', 'ftruncate', 'mkdir', 'open', 'rename', 'rmdir', 'symlink', 'unlink', 'utime', 'write')
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


if __name__ == '__main__':
    loader = importlib.machinery.SourceFileLoader('dynhostpath', sys.argv[2])
    driver = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(driver)
    driver.posix, driver.libc, driver.run = Mortal(), mortal(driver.libc), mortal(driver.run)
    posix._exit(driver.main(sys.argv[3:]))
