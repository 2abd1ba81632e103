# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgraded: the driver is replaced under load, and neither a callout nor a pod sees it."""

import concurrent.futures
import contextlib
import threading

from node import DYNHOSTPATH, directory, driver
from nodes.pods import pod, uid_of

PODS_AT_ONCE = 3
BEAT = 'while echo beat >> /data/beats; do sleep 0.1; done'


def test_replaced_under_load(node, soak, figure, say, version):
    node.deploy(driver(src=version(0)))
    steady = pod('steady', DYNHOSTPATH, script=BEAT)
    node.put(steady)
    node.wait_running(steady)
    mounted = node.mounts_of(steady)
    since, replacements = node.now(), soak(5, 50)

    with node.calling_init() as ours, coming_and_going(node) as served:
        for number in range(1, replacements + 1):
            node.deploy(driver(src=version(number)))
            say('replaced %d of %d times, %d pods served', number, replacements, len(served))

    answers, versions = split(ours)
    assert len(answers) == 1, answers
    assert len(versions) == replacements + 1
    assert node.complaints(since) == []
    assert node.mounts_of(steady) == mounted
    assert restarts(node, steady) == 0
    assert served

    with node.calling_init() as naive:
        for number in range(soak(2, 10)):
            node.shell(f'rm -r {directory(DYNHOSTPATH)}')
            node.install_naively(driver())
            say('removed and installed naively %d times', number + 1)
    failed = sum(count for answer, count in split(naive)[0].items() if answer not in answers)
    figure(f'callouts that failed while the driver was replaced {replacements} times and {len(served)} pods came and went '
           f'(naive: removed and copied {soak(2, 10)} times)', f'0 of {sum(answers.values())}', f'{failed} of {sum(split(naive)[0].values())}')
    assert failed


@contextlib.contextmanager
def coming_and_going(node):
    """Put pods and take them away, again and again; yields the list of those that were served."""
    served: list = []
    enough = threading.Event()

    def load():
        while not enough.is_set():
            pods = [pod(f'guest{number}', DYNHOSTPATH, script='echo hello > /data/log; sleep 2147483647') for number in range(PODS_AT_ONCE)]
            node.put(*pods)
            node.wait_running(*pods)
            node.remove(*pods)
            node.wait_gone(*pods)
            served.extend(pods)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(load)
        try:
            yield served
        finally:
            enough.set()
        future.result()


def split(seen: dict) -> tuple:
    """Split what was seen of the driver into init's answers and the versions' checksums."""
    answers = {line: count for line, count in seen.items() if not line.endswith('  -')}
    return answers, [line for line in seen if line.endswith('  -')]


def restarts(node, one: dict) -> int:
    return node.status()[uid_of(one)]['status']['containerStatuses'][0]['restartCount']
