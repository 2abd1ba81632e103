# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Found: a driver deployed while the kubelet runs serves the pods that wait for it."""

from node import BASE, DYNHOSTPATH, driver
from nodes.pods import pod, uid_of


def test_a_waiting_pod_gets_its_volume(node):
    web = pod('web', DYNHOSTPATH, script='echo hello > /data/log; sleep 2147483647')
    since = node.now()
    node.put(web)
    node.wait_until(lambda: node.refusals(web, since), 'refused', web)

    node.deploy(driver())

    node.wait_running(web)
    own_directory = f'{BASE}/default/web-{node.name}/{uid_of(web)}'
    assert node.shell(f'cat {own_directory}/log') == 'hello\n'
    assert len(node.mounts(DYNHOSTPATH)) == 1

    node.remove(web)
    node.wait_gone(web)
    assert node.mounts(DYNHOSTPATH) == []
    assert node.shell(f'cat {own_directory}/log') == 'hello\n'
