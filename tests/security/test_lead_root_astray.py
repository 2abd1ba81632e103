# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lead root astray: where a host path lies in a directory of a user's, have root give away, open or delete what is not the user's, by exchanging directories
for symbolic links while root works."""

import collections
import contextlib
import itertools
import os

import pytest
from conftest import EVE

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import enclosed
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import host_paths
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

# What Eve does again and again, as fast as can be, in the directory argv[1]: "one,other" exchanges two names, "+name" makes a directory, "-name" removes it.
EVES_WORK = '''
import ctypes, os, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None)
steps = {'+': lambda name: libc.mkdir(name, 0o755), '-': lambda name: libc.rmdir(name)}
work = [(steps[word[0]], (os.fsencode(word[1:]),)) if word[0] in steps else
        (lambda one, other: libc.renameat2(-100, one, -100, other, 2), tuple(os.fsencode(name) for name in word.split(',')))
        for word in sys.argv[2:]]
while True:
    for step, names in work:
        step(*names)
'''


@pytest.fixture
def treasure(tmp_path):
    """What is root's, and nobody else may read: a directory that holds a directory that holds a file."""
    inner = tmp_path / 'treasure' / 'volume' / 'data'
    inner.mkdir(parents=True)
    (inner / 'file').write_text('secret')
    for directory in (tmp_path / 'treasure', tmp_path / 'treasure' / 'volume', inner):
        directory.chmod(0o700)
    # The attacker's links have to lead there.
    for directory in tmp_path.parents:
        if directory.stat().st_uid == 0 and directory.name.startswith('pytest'):
            directory.chmod(0o711)
    return tmp_path / 'treasure'


def state_of(treasure):
    """What must not change: names, owners, modes."""
    found = []
    for directory, directories, files in os.walk(treasure):
        for path in [directory, *(os.path.join(directory, name) for name in [*directories, *files])]:
            status = os.lstat(path)
            found.append((path, status.st_mode, status.st_uid, status.st_gid))
    return sorted(found)


def driver(path, mode='0777', state='present'):
    return dict(state=state, host_paths=[dict(path=str(path), owner=str(EVE), group=str(EVE), mode=mode, selinux_type=None, own_mount=False, exec=False,
                                              min_free=None, min_free_inodes=None)])


def attack(treasure, runs, work):
    """Do the work again and again while the attacker is at it; return how it ended how often."""
    before, ends = state_of(treasure), collections.Counter()
    for _number in range(runs):
        try:
            work()
            ends['done'] += 1
        except (NodeError, OSError):
            ends['refused'] += 1
        assert state_of(treasure) == before, f'lost after {sum(ends.values())} runs'
    # Had the attacker never won or always lost the race for the name, nothing would have been attacked.
    assert min(ends['done'], ends['refused']) > 0, ends
    return ends


def eves(*directories):
    for directory in directories:
        directory.mkdir()
        os.chown(directory, EVE, EVE)


def at_work(background, directory, *steps):
    background('/usr/bin/python3', '-c', EVES_WORK, directory, *steps, user=EVE)


@pytest.mark.parametrize(('path', 'steps'), [
    ('path', ['path,link']),
    ('above/volume', ['above,link']),
    ('above/volume/data', ['above,link']),
    ('above/volume/data', ['above/volume,above/inner']),
    ('above/volume/data', ['above,link', 'above/volume,above/inner', 'above/volume/data,above/volume/innermost']),
])
def test_by_exchanging_directories_for_links_while_root_gives_them_away(background, home, treasure, soak, path, steps):
    eves(*(home / name for name in ('path', 'above', 'above/volume', 'above/volume/data')))
    (home / 'link').symlink_to(treasure)
    (home / 'above' / 'inner').symlink_to(treasure / 'volume')
    (home / 'above' / 'volume' / 'innermost').symlink_to(treasure / 'volume' / 'data')
    at_work(background, home, *steps)
    # Something has to be changed each time.
    modes = itertools.cycle(['0777', '0775'])
    attack(treasure, soak(1000, 10000), lambda: host_paths.ensure([driver(home / path, mode=next(modes))], [], False))


def test_by_exchanging_what_root_has_just_made_for_a_link(background, home, treasure, soak):
    (home / 'link').symlink_to(treasure)
    at_work(background, home, 'new,link', '-new', '-link')
    attack(treasure, soak(2000, 20000), lambda: host_paths.ensure([driver(home / 'new')], [], False))


def test_by_exchanging_what_root_deletes_for_a_link(background, home, treasure, soak):
    eves(home / 'above')
    (home / 'link').symlink_to(treasure)
    at_work(background, home, '+above/volume', '+above/volume/data', '+above/volume/data/deep', 'above,link', 'above,link')
    attack(treasure, soak(1000, 10000), lambda: host_paths.delete([driver(home / 'above' / 'volume', state='absent')], [], False))


def test_by_exchanging_what_a_run_of_the_conformance_suite_is_taken_to_have_left(background, home, treasure, soak):
    """The suite's token is in a name in /tmp for all to see; what bears it there is removed, with the empty directories below."""
    (treasure / 'volume' / 'empty').mkdir()
    left, before, gone = home / 'left-0123456789ab', state_of(treasure), 0
    at_work(background, home, 'left-0123456789ab,link')
    for _number in range(soak(8, 200)):
        for name in itertools.chain(map(str, range(200)), ['volume/empty']):
            (home / 'fresh' / name).mkdir(parents=True, exist_ok=True)
        for make in (left.unlink, lambda: (home / 'fresh').rename(left), lambda: (home / 'link').symlink_to(treasure)):
            with contextlib.suppress(OSError):
                make()
        enclosed.remove_bearing(str(home), '0123456789ab')
        gone += not os.path.exists(left)
        assert state_of(treasure) == before
    assert gone
