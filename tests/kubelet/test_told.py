# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Told: what the collection says of a kubelet is true, and validate fails where pods would."""

import contextlib

from node import DYNHOSTPATH, PLUGIN_DIR, driver

DEFAULTS = '/etc/default/kubelet'


def test_node_info_tells_what_is_true(node):
    node.deploy(driver())
    facts = node.module('node_info')
    pid = node.shell('systemctl show --property=MainPID --value kubelet').strip()
    assert facts['kubelet']['pid'] == int(pid)
    assert facts['kubelet']['unit'] == 'kubelet.service'
    assert facts['kubelet']['version'] in node.shell('kubelet --version')
    assert facts['kubelet']['command_line'] == node.shell(f'tr "\\0" "\\n" < /proc/{pid}/cmdline').splitlines()
    assert facts['plugin_dir']['path'] == PLUGIN_DIR
    assert facts['plugin_dir']['source'] == 'default'
    assert facts['kubelet']['watches_plugin_dir']
    assert {each['name']: each['watched'] for each in facts['drivers']} == {DYNHOSTPATH: True}
    assert facts['troubles'] == []


def test_kubelet_that_looks_elsewhere(node):
    node.deploy(driver())
    with restored(node, f'cp --preserve {DEFAULTS} /root/kubelet.default', f'mv /root/kubelet.default {DEFAULTS}'):
        node.shell(f"sed -i 's|$| --volume-plugin-dir=/var/lib/kubelet/volumeplugins|' {DEFAULTS}")
        node.restart()
        said = node.refusal('nodeops.flexvolume.validate', driver(), flexvolume_plugin_dir=PLUGIN_DIR)
        facts = node.module('node_info', plugin_dir=PLUGIN_DIR)
        assert node.known(DYNHOSTPATH) == []
    assert f'{PLUGIN_DIR} is not where the kubelet looks' in said
    assert 'set its --volume-plugin-dir' in said
    assert trouble(facts, 'looks_elsewhere')['advice']


def test_kubelet_that_does_not_watch(node):
    """The plugin dir was replaced by another, as a reinstallation or a late mount does; the kubelet watches the one that is gone."""
    node.deploy(driver())
    with restored(node, f'mv {PLUGIN_DIR} {PLUGIN_DIR}.old && cp --archive {PLUGIN_DIR}.old {PLUGIN_DIR}', f'rm -r {PLUGIN_DIR}.old'):
        said = node.refusal('nodeops.flexvolume.validate', driver())
        facts = node.module('node_info')
        # A kubelet that was just started is given time to set up its watches.
        node.wait_until(lambda: trouble(node.module('node_info'), 'not_watched'), 'called a trouble')
    assert f'does not watch {PLUGIN_DIR}' in said
    assert 'Restart the kubelet' in said
    assert not facts['kubelet']['watches_plugin_dir']
    assert node.module('node_info')['kubelet']['watches_plugin_dir']


@contextlib.contextmanager
def restored(node, change: str, back: str):
    """Change the node and, however the test goes on, change it back and restart the kubelet."""
    node.shell(change)
    try:
        yield
    finally:
        node.shell(back)
        node.restart()


def trouble(facts: dict, name: str):
    return next((each for each in facts['troubles'] if each['trouble'] == name), None)
