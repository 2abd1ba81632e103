#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: driver
short_description: Publish FlexVolume drivers in the kubelet's plugin dir, or withdraw them
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Builds each driver's directory under a hidden name, calls its C(init) there as the kubelet would, and renames it into place. At no instant
    can the kubelet see an empty directory, a half-written or a non-executable file, and a driver whose C(init) fails is never seen at all.
  - Keeps the version that was replaced, to which O(drivers[].state=previous) goes back.
  - Refuses to withdraw a driver of which a pod has a volume.
  - Publishes all drivers of the list or, where one is refused, none.
  - Files get the SELinux context of the plugin dir, in which they are made.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.payloads
  - nodeops.flexvolume.drivers.state
  - nodeops.flexvolume.drivers.force
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
"""

EXAMPLES = r"""
- name: Publish the driver that comes with the collection
  nodeops.flexvolume.driver:
    drivers:
      - name: nodeops/dynhostpath
        src: dynhostpath.py
        config:
          base: /var/lib/dynhostpath

- name: Go back to the version before the last replacement
  nodeops.flexvolume.driver:
    drivers:
      - name: nodeops/dynhostpath
        state: previous
"""

RETURN = r"""
plugin_dir:
  description: The plugin dir and why it is that one.
  returned: success
  type: dict
  contains:
    path:
      description: The directory.
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
    source:
      description: Where it is set, one of V(argument), V(process), V(config file), V(drop-in) and V(default).
      type: str
      sample: default
    reason:
      description: The same as a sentence.
      type: str
      sample: >-
        The kubelet that runs as pid 734 is given no plugin dir, neither as a flag nor in a config file, so it uses its default,
        /usr/libexec/kubernetes/kubelet-plugins/volume/exec.
published:
  description: The drivers that were published, taken back to their previous version or adjusted.
  returned: success
  type: list
  elements: str
  sample: [nodeops/dynhostpath]
withdrawn:
  description: The drivers that were withdrawn.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import driver_files, drivers, publish, withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome


def agree(parameters: dict, check: bool) -> Outcome:
    declared = drivers.read(parameters)
    kubelet, disbelieved = process.search()
    plugin_dir = directories.plugin_dir(kubelet, parameters['plugin_dir'])
    outcome = Outcome(plugin_dir=plugin_dir._asdict())
    outcome.warnings.extend([] if kubelet else disbelieved)
    payloads = driver_files.payloads(declared, parameters['payloads'])
    withdraw.ensure(declared, plugin_dir.path, kubelet, True, parameters['force'])
    with outcome.all_or_nothing():
        outcome.include(publish.ensure(declared, payloads, plugin_dir.path, kubelet, check, packages_are_installed=not check))
        checking, published = check or bool(outcome.facts['awaited']), outcome.facts['published']
        outcome.include(withdraw.ensure(declared, plugin_dir.path, kubelet, checking, parameters['force'], published))
    return outcome


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            payloads=drivers.PAYLOADS,
            plugin_dir=drivers.PLUGIN_DIR,
            state=drivers.STATE,
            force=dict(type='bool', default=False),
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
