# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Withdrawn: not while a pod has a volume of the driver, and afterwards the kubelet does not miss it."""

from node import DYNHOSTPATH, PLUGIN_DIR, directory, driver
from nodes.pods import pod, uid_of

OTHER = 'example.com/other'
PODS = 3


def test_refused_while_a_pod_uses_it(node):
    node.deploy(driver())
    web = pod('web', DYNHOSTPATH)
    node.put(web)
    node.wait_running(web)

    said = node.refusal('nodeops.flexvolume.remove', driver())
    assert f'default/web-{node.name}' in said
    assert uid_of(web) in said
    assert node.mounts_of(web)

    node.remove(web)
    node.wait_gone(web)
    node.remove_drivers(driver())
    assert node.shell(f'find {PLUGIN_DIR} -mindepth 1') == ''


def test_the_log_is_quiet_afterwards(node, figure):
    """The naive way moves the driver's directory out of the way, and the kubelet looks for it for ever."""
    node.deploy(driver(), driver(OTHER))
    assert node.known(DYNHOSTPATH, OTHER) == [DYNHOSTPATH, OTHER]

    since = node.now()
    node.remove_drivers(driver())
    assert [node.known(OTHER) for _pod in range(PODS)] == [[OTHER]] * PODS
    ours = node.complaints(since)

    node.deploy(driver(), flexvolume_touch_timer=False)
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
    since = node.now()
    node.shell(f'mv {directory(DYNHOSTPATH)} /root/driver')
    for _pod in range(PODS):
        node.known(OTHER)
    naive = node.complaints(since)
    node.shell(f'mv /root/driver {directory(DYNHOSTPATH)}')
    node.restart()

    figure(f"complaints in the kubelet's log while {PODS} pods came after a driver was removed (naive: moved away)", len(ours), len(naive))
    assert ours == []
    assert naive
