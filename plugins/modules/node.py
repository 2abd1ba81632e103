#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: node
short_description: Make a node agree with a list of FlexVolume drivers in one execution
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Does in one execution what M(nodeops.flexvolume.host_paths), M(nodeops.flexvolume.driver), M(nodeops.flexvolume.touch_timer),
    M(nodeops.flexvolume.prune_timer) and the basic suite of M(nodeops.flexvolume.conformance) do in one each, and as one transaction.
  - Everything is examined before anything is changed. When a step fails, or a driver fails its test callout, what was done is taken back, so
    that the node keeps the drivers that it had.
  - The playbook C(nodeops.flexvolume.deploy) runs it.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.payloads
  - nodeops.flexvolume.drivers.state
  - nodeops.flexvolume.drivers.force
  - nodeops.flexvolume.drivers.delete_data
  - nodeops.flexvolume.drivers.kubelet_unit
  - nodeops.flexvolume.drivers.heal_neighbours
  - nodeops.flexvolume.drivers.node
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
options:
  at_boot:
    description:
      - Whether the node keeps a bundle, this list with the drivers and what applies it, in C(/var/lib/nodeops.flexvolume), for root alone, and applies it at
        every boot before the kubelet starts, so that it agrees with the list though nobody reaches it. V(false) removes a bundle that it keeps.
    type: bool
    default: false
    version_added: 1.0.0
  partial:
    description:
      - Whether the list is a part of what this collection deploys to the node. What the list does not name is then neither told of nor withdrawn, whatever
        O(purge) says, and a bundle that the node keeps is left as it is, whatever O(at_boot) says.
    type: bool
    default: false
    version_added: 1.0.0
  rollback:
    description:
      - Names of drivers of the list that go back to the version before, whatever their own C(state) says. The others are left as they are.
    type: list
    elements: str
    version_added: 1.0.0
seealso:
  - module: nodeops.flexvolume.node_info
"""

EXAMPLES = r"""
- name: Deploy the driver that comes with the collection
  nodeops.flexvolume.node:
    drivers:
      - name: nodeops/dynhostpath
        src: dynhostpath.py
        host_paths:
          - path: /var/lib/dynhostpath
            mode: "0700"
"""

RETURN = r"""
plugin_dir:
  description: The plugin dir and why it is that one, as M(nodeops.flexvolume.driver) returns it.
  returned: success
  type: dict
  sample:
    path: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
    source: default
    reason: >-
      The kubelet that this node is set up for (none runs) is given no plugin dir, neither as a flag nor in a config file, so it uses its default,
      /usr/libexec/kubernetes/kubelet-plugins/volume/exec.
host_paths:
  description: The host paths that are there now.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/dynhostpath]
at_boot:
  description: Whether the node keeps a bundle and applies it at boot.
  returned: success
  type: bool
  sample: false
published:
  description: The drivers that were published, taken back to their previous version or adjusted.
  returned: success
  type: list
  elements: str
  sample: [nodeops/dynhostpath]
touch_timers:
  description: The timers that are there now, as M(nodeops.flexvolume.touch_timer) returns them.
  returned: success
  type: list
  elements: dict
  sample: []
prune_timers:
  description: The timers that are there now, as M(nodeops.flexvolume.prune_timer) returns them.
  returned: success
  type: list
  elements: dict
  sample: []
registered:
  description: >-
    For each driver that stays, whether the kubelet has loaded it, as its own log in the node's journal says; null where it has not said so far.
    It loads a driver when the next volume is wanted on the node.
  returned: success and not check mode
  type: dict
  sample: {nodeops/dynhostpath: null}
withdrawn:
  description: The drivers that were withdrawn.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import at_boot, drivers, node
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome


def agree(parameters: dict, check: bool) -> Outcome:
    # Of a part of the list, or one that withdraws all, nothing follows for other drivers.
    whole = parameters['state'] == 'present' and parameters['rollback'] is None and not parameters['partial']
    outcome = node.ensure(
        drivers.read(parameters), parameters['payloads'], check=check, bundle=kept(parameters), force=parameters['force'],
        delete_data=parameters['delete_data'], **dict(drivers.of_node(parameters), purge=parameters['purge'] if whole else None))
    if whole and parameters['apply_interval'] and not parameters['at_boot']:
        outcome.warnings.append('There is an apply_interval and no at_boot, so the node applies nothing by itself: set at_boot (in the playbooks '
                                'flexvolume_at_boot=true), or leave apply_interval out.')
    return outcome


def kept(parameters: dict):
    """Return the bundle that the node is to keep, as at_boot takes it."""
    if parameters['partial']:
        return at_boot.LEFT
    if not parameters['at_boot'] or parameters['state'] == 'absent':
        return None
    for payload in parameters['payloads']:
        if payload['name'] == at_boot.NAME:
            return Payload.sent(**payload)
    raise NodeError('at_boot came without its bundle: run the module through its action plugin, by its full name.')


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            payloads=drivers.PAYLOADS,
            state=drivers.STATE,
            force=dict(type='bool', default=False),
            delete_data=dict(type='bool', default=False),
            at_boot=dict(type='bool', default=False),
            partial=dict(type='bool', default=False),
            rollback=drivers.ROLLBACK,
            **drivers.NODE,
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
