# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kept known: a kubelet that lost a healthy driver finds it again by itself, with the touch timer that is deployed with it."""

import math

from node import BROKEN, DYNHOSTPATH, driver, executable
from nodes.pods import pod

LIMIT, ANY = 30, math.inf


def test_without_the_timer_a_broken_neighbour_hides_the_driver(node, soak):
    """The driver's init succeeds, and still the kubelet does not know it, until something touches it."""
    node.deploy(driver(), flexvolume_touch_timer=False)
    web = pod('web', DYNHOSTPATH)
    since = node.start_beside_broken_driver(web)

    node.wait_until(lambda: len(node.refusals(web, since)) >= soak(2, 4), 'refused', web)
    assert node.module('callout', name=DYNHOSTPATH, callout='init')['status'] == 'Success'
    assert node.mounts_of(web) == []

    node.shell(f'touch {executable(DYNHOSTPATH)}')
    node.wait_running(web)


def test_the_timer_brings_it_back(node, soak, figure, say):
    """Pods that wait from the kubelet's start on, and pods that come minutes later and are the first for which the kubelet probes."""
    node.deploy(driver())
    rounds, minutes = soak(1, 10), soak(0.1, 2)
    waiting, late, touches = [], [], []
    for number in range(1, rounds + 1):
        early = pod('early', DYNHOSTPATH)
        waiting.append(seconds_without(node, early, node.start_beside_broken_driver(early)))

        since = node.start_beside_broken_driver()
        touches.extend(node.touches(DYNHOSTPATH, 60 * minutes))
        later = pod('later', DYNHOSTPATH)
        node.put(later)
        late.append(seconds_without(node, later, since))
        say('restart %d of %d: %.1f s for a waiting pod, %.1f s for a later one', 2 * number, 2 * rounds, waiting[-1], late[-1])
    for pods, seconds in (('that waits from the start on', waiting), (f'that comes {minutes:g} minutes later', late)):
        figure(f'seconds from the first failed mount to the mounted volume, for a pod {pods}, after a restart beside a broken driver', seconds,
               'until touched')
    figure('touches in the first minute after the start, and in the second',
           ' and '.join(f'{sum(first <= moment < first + 60 for moment in touches) / rounds:.1f}' for first in (0, 60)), '0')
    assert max(waiting + late) < soak(ANY, LIMIT)


def seconds_without(node, web: dict, since: str) -> float:
    node.wait_running(web)
    seconds = node.seconds_without(web, since)
    node.shell(f'rmdir {BROKEN}')
    node.remove(web)
    node.wait_gone(web)
    return seconds
