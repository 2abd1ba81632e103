#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: doctor
short_description: Look at a node, and on request cure what this collection can cure
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Looks at a node as M(nodeops.flexvolume.node_info) does, in one execution.
  - With O(fix), and where a driver of the list is in a trouble that a deploy puts right, has M(nodeops.flexvolume.node) deploy that driver again, and no
    other, then looks again. That publishes the driver, sets its owner and modes, and starts its timers; a driver that fails its test callout is taken back.
  - The playbook C(nodeops.flexvolume.doctor) runs it on every node and has M(nodeops.flexvolume.fleet) show what it found.
  - This is an action plugin; it runs those modules.
extends_documentation_fragment:
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
options:
  fix:
    description:
      - Whether to cure what can be cured.
    type: bool
    default: false
  drivers:
    description:
      - The list of drivers, as M(nodeops.flexvolume.node) takes it. What is not in it is somebody else's, and left alone.
      - Only entries whose state is V(present) are deployed again.
      - Needed with O(fix).
    type: list
    elements: dict
  plugin_dir:
    description:
      - The plugin dir to look at. Left out, it is the one in which the kubelet looks.
    type: path
  kubelet_unit:
    description:
      - As for M(nodeops.flexvolume.node).
    type: str
  touch_timer:
    description:
      - As for M(nodeops.flexvolume.node).
    type: bool
    default: true
  validate:
    description:
      - As for M(nodeops.flexvolume.node).
    type: bool
    default: true
  heal_neighbours:
    description:
      - As for M(nodeops.flexvolume.node).
    type: bool
seealso:
  - module: nodeops.flexvolume.node_info
  - module: nodeops.flexvolume.fleet
"""

EXAMPLES = r"""
- name: Look at the node, and cure what this collection can cure
  nodeops.flexvolume.doctor:
    fix: true
    drivers: "{{ flexvolume_drivers }}"
"""

RETURN = r"""
troubles:
  description: What is wrong with the node now, as M(nodeops.flexvolume.node_info) returns it; and all else that it returns.
  returned: success
  type: list
  elements: dict
  sample: []
cured:
  description: The troubles that are gone since a driver was deployed again.
  returned: when a driver was deployed again
  type: list
  elements: dict
  sample: []
not_cured:
  description: Why a driver could not be deployed again, empty where all went well.
  returned: when a driver was deployed again
  type: str
  sample: ""
"""
