# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Survives: a reboot, restarts and crashes of the kubelet, and deploys that are killed half-way."""

import os
import signal

from node import BROKEN, DYNHOSTPATH, PLUGIN_DIR, driver, executable
from nodes.pods import pod

TIMER = 'flexvolume-touch-nodeops-dynhostpath.timer'


def test_reboot(node):
    node.deploy(driver())
    web = pod('web', DYNHOSTPATH)
    node.put(web)
    node.wait_running(web)
    node.nodes.reboot(node.name)
    node.wait_running(web)
    assert len(node.mounts_of(web)) == 1
    assert node.shell(f'systemctl is-active {TIMER}') == 'active\n'
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]


def test_kubelet_restarted(node, soak, figure, say):
    node.deploy(driver())
    web = pod('web', DYNHOSTPATH)
    node.put(web)
    node.wait_running(web)
    mounted, restarts = node.mounts_of(web), soak(1, 10)
    for number in range(1, restarts + 1):
        node.restart()
        assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
        assert node.mounts_of(web) == mounted
        say('restarted %d of %d times', number, restarts)
    figure(f'volumes lost in {restarts} restarts of the kubelet', 0)


def test_kubelet_killed_beside_a_broken_driver(node):
    """systemd starts the kubelet again by itself, and with it the timer's burst."""
    node.deploy(driver())
    node.shell(f'mkdir {BROKEN}')
    web, since, before = pod('web', DYNHOSTPATH), node.now(), node.started(TIMER)
    node.shell('systemctl kill --kill-who=main --signal=KILL kubelet')
    node.put(web)
    node.wait_healthy()
    assert node.started(TIMER) > before
    node.wait_running(web)
    assert node.seconds_without(web, since) > 0


def test_what_a_power_cut_left_of_a_deploy_and_the_kubelet_saw_as_it_started(node):
    """The kubelet ignores a hidden directory's name, but watches one that is there when it starts: clearing it away must not poison its probes."""
    hidden, new = f'{PLUGIN_DIR}/.flexvolume-example.com~new', driver('example.com/new')
    node.deploy(driver(), flexvolume_touch_timer=False)
    node.shell(f'mkdir -p {hidden}/example.com~new; for place in {hidden} {hidden}/example.com~new; do cp {executable(DYNHOSTPATH)} $place/new; done')
    node.restart()
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
    node.deploy(driver(), new, flexvolume_touch_timer=False)
    assert node.leftovers() == []
    assert node.known('example.com/new') == ['example.com/new']


def test_deploy_killed(node, soak, figure, say, chance, version):
    """Killed on the node and on the controller while it brings a new version of a driver in use and a driver that is new."""
    node.deploy(driver(src=version(0)))
    web = pod('web', DYNHOSTPATH)
    node.put(web)
    node.wait_running(web)
    mounted = node.mounts_of(web)
    longest = node.seconds_of_module(lambda: node.deploy(driver(src=version(1)), driver('example.com/new0')))
    wanted, kills, half_done, broken = soak(2, 20), 0, 0, []
    new, old = 'example.com/new0', 'example.com/new1'
    while kills < wanted:
        new, old = old, new
        drivers = [driver(src=version(kills % 2)), driver(new), driver(old, state='absent')]
        since = node.now()
        with node.calling_init() as seen:
            deploy = node.begin('nodeops.flexvolume.deploy', drivers)
            kills += node.kill_module(chance.uniform(0, longest))
            os.killpg(deploy.pid, signal.SIGKILL)
            deploy.communicate()
        half_done += bool(node.leftovers())
        faults = [node.broken_drivers(), *(line for line in seen if line.startswith('exit status')), *node.complaints(since)]
        if any(faults) or node.known(DYNHOSTPATH) != [DYNHOSTPATH]:
            broken.append(faults)

        node.deploy(*drivers)
        assert node.leftovers() == []
        assert node.known(old, new) == [new]
        say('killed %d of %d times, %d of them with something half done, %d nodes broken', kills, wanted, half_done, len(broken))
    figure(f'nodes broken by {kills} deploys that were killed at a random moment ({half_done} left something that the next run cleared away)', len(broken))
    assert broken == []
    assert node.mounts_of(web) == mounted
