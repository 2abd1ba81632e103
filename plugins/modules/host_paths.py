#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_paths
short_description: Make the directories that FlexVolume drivers need on a node
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Makes the host paths of all drivers in the list in one execution, with owner, group, mode and SELinux type, all of them or none.
  - Follows no symbolic link. Refuses a path in a directory that the kubelet manages, and on a file system that is read-only, does not allow
    execution, or has too little room, as each host path asks.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.state
  - nodeops.flexvolume.drivers.delete_data
  - nodeops.flexvolume.attributes
"""

EXAMPLES = r"""
- name: Make a host path on a file system of its own with room for logs
  nodeops.flexvolume.host_paths:
    drivers:
      - name: nodeops/dynhostpath
        host_paths:
          - path: /var/lib/dynhostpath
            mode: "0700"
            own_mount: true
            min_free: 10G
"""

RETURN = r"""
host_paths:
  description: The directories that are there now.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/dynhostpath]
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers, host_paths
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome


def agree(parameters: dict, check: bool) -> Outcome:
    declared = drivers.read(parameters)
    kubelet, disbelieved = process.search()
    forbidden = directories.managed(kubelet, directories.plugin_dir(kubelet, parameters['plugin_dir']).path)
    outcome = host_paths.ensure(declared, forbidden, check)
    outcome.warnings.extend([] if kubelet else disbelieved)
    if parameters['delete_data']:
        outcome.include(host_paths.delete(declared, forbidden, check))
    return outcome


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            plugin_dir=drivers.PLUGIN_DIR,
            state=drivers.STATE,
            delete_data=dict(type='bool', default=False),
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
