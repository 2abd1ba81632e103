# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the released version to this one: what the documentation calls new, and what becomes of a node with a volume mounted all the while."""

import json
import os
import shutil

import pytest
import yaml
from user import User

PLUGIN_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
DRIVER = f'{PLUGIN_DIR}/nodeops~dynhostpath/dynhostpath'
POD = '11111111-2222-3333-4444-555555555555'
MOUNT_DIR = f'/var/lib/kubelet/pods/{POD}/volumes/nodeops~dynhostpath/logs'
OPTIONS = ('{"kubernetes.io/fsType": "", "kubernetes.io/readwrite": "rw", "kubernetes.io/pvOrVolumeName": "logs", "kubernetes.io/pod.namespace": "shop", '
           f'"kubernetes.io/pod.name": "web-0", "kubernetes.io/pod.uid": "{POD}", "kubernetes.io/serviceAccount.name": "default"}}')


@pytest.fixture
def earlier(user, tmp_path, inventory):
    """Whoever has the released version."""
    return User(user.core, os.environ['RELEASED'], tmp_path, inventory)


def test_the_documentation_of_everything_can_be_shown(user):
    shown = user.run('ansible-doc', '--list', '--json', 'nodeops.flexvolume')
    assert 'nodeops.flexvolume.node' in shown
    assert 'nodeops.flexvolume.driver' in user.run('ansible-doc', '--type', 'role', '--list', 'nodeops.flexvolume')


def test_what_is_new_names_the_version_that_has_it(user, earlier):
    """And only that."""
    released = _added(earlier)
    version = json.loads((user.collection / 'MANIFEST.json').read_text(encoding='utf-8'))['collection_info']['version']
    assert {what: added for what, added in _added(user).items() if added != released.get(what, version)} == {}


def test_the_action_group_has_the_modules_that_take_a_plugin_dir(user):
    """Those which take none would refuse the default that the group is for."""
    groups = yaml.safe_load((user.collection / 'meta/runtime.yml').read_text(encoding='utf-8'))['action_groups']
    assert groups['all'] == sorted(module for module, *option in _added(user) if option == ['plugin_dir'])


def test_a_deploy_without_the_directory_files(user, node):
    shutil.rmtree(user.collection / 'files')
    assert 'failed=0' in user.deploy()
    assert 'changed=0' in user.deploy()
    user.deploy('remove')


def test_up_from_the_released_version_and_back(earlier, user, node):
    earlier.deploy()
    node('mkdir', '-p', MOUNT_DIR)
    assert 'Success' in node(DRIVER, 'mount', MOUNT_DIR, OPTIONS)
    node('sh', '-c', f'echo kept > {MOUNT_DIR}/file')
    for somebody in (user, earlier, user):
        assert 'failed=0' in somebody.deploy()
        assert 'changed=0' in somebody.deploy()
        assert node('cat', f'{MOUNT_DIR}/file') == 'kept\n'
        assert 'Success' in node(DRIVER, 'init')
        assert 'flexvolume-touch-nodeops-dynhostpath.timer' in node('systemctl', 'list-timers', '--no-legend', '--no-pager', 'flexvolume-*')
    assert 'Success' in node(DRIVER, 'unmount', MOUNT_DIR)
    node('sh', '-c', f'cd /var/lib/kubelet && rmdir -p {MOUNT_DIR.removeprefix("/var/lib/kubelet/")}')
    user.deploy('remove')
    assert node('ls', '-A', PLUGIN_DIR) in ('', 'fstab~cifs\n')
    # The metrics timer is the node's and not a driver's; an example may have made it.
    units = node('sh', '-c', "systemctl list-unit-files --no-legend 'flexvolume-*'; ls -d /etc/systemd/system/flexvolume-* 2>&1 | grep -v 'No such' || :")
    assert [line for line in units.splitlines() if 'flexvolume-metrics' not in line] == []


def _added(user) -> dict:
    """Return since which version there is each module and lookup, and each option of it, however deep: (name, option, suboption …)."""
    found: dict = {}
    for kind in ('module', 'lookup'):
        for name, entry in user.documentation(kind).items():
            _collect(found, (), {name: dict(entry['doc'], suboptions=entry['doc'].get('options', {}))}, '')
    return found


def _collect(found: dict, above: tuple, options: dict, inherited: str):
    for name, option in options.items():
        found[(*above, name)] = option.get('version_added', inherited)
        _collect(found, (*above, name), option.get('suboptions', {}), found[(*above, name)])
