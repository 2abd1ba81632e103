# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Found together: a kubelet before 1.24 throws a probe away in which one driver is not complete yet, and with it the drivers that are."""

from node import DYNHOSTPATH, directory, driver, executable
from nodes.pods import pod

WAITING = 12
TOGETHER = 'abcd'


def test_a_pod_between_two_steps_hides_a_driver(node):
    """The naive way in slow motion: both directories, the first file, a pod that makes the kubelet probe, the second file."""
    node.deploy(driver(), flexvolume_touch_timer=False)
    first, second = 'example.com/first', 'example.com/second'
    copy = f'cp --preserve {executable(DYNHOSTPATH)}'
    node.shell(f'mkdir {directory(first)} {directory(second)} && {copy} {executable(first)}')
    assert node.known(first) == []
    node.shell(f'{copy} {executable(second)}')
    assert node.known(first, second) == [second]


def test_all_of_many(node, soak, figure, say):
    """Drivers in one run, round after round, while pods wait and make the kubelet probe. Without touch timers, which would bring back the lost."""
    rounds = soak(1, 6)
    node.put(*(pod(f'waiting{number}', 'example.com/never') for number in range(WAITING)))
    found = {}
    for way, install in (('ours', lambda *drivers: node.deploy(*drivers, flexvolume_touch_timer=False)), ('naive', node.install_naively)):
        found[way] = 0
        for number in range(1, rounds + 1):
            names = [f'example.com/{way}{number}{letter}' for letter in TOGETHER]
            install(*(driver(name) for name in names))
            found[way] += len(node.known(*names))
            say('%s, round %d of %d: %d of %d drivers registered', way, number, rounds, found[way], number * len(TOGETHER))
    total = rounds * len(TOGETHER)
    figure(f'drivers registered, {len(TOGETHER)} in a run while {WAITING} pods wait', f'{found["ours"]} of {total}', f'{found["naive"]} of {total}')
    assert found['ours'] == total
