#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: bundle
short_description: Write a list of FlexVolume drivers as one file that makes a node agree with it
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Writes C(flexvolume-node.pyz) on the controller, a Python program of one file that holds the list, the drivers' executables and the code of
    M(nodeops.flexvolume.node). On a node it needs Python 3.6 or later, root and nothing else, no Ansible and no network.
  - C(python3 flexvolume-node.pyz apply) makes the node agree with the list, C(status) says whether it does, C(validate) puts the drivers to the
    conformance suite, C(remove) withdraws them. See R(the guide,ansible_collections.nodeops.flexvolume.docsite.bundle).
  - The same list gives the same file, byte for byte. Its checksum is written beside it. A file that was cut short or altered does not run.
  - Where the list holds O(drivers[].secrets) or O(drivers[].config), only its owner can read what is written.
  - No node is reached. The playbook C(nodeops.flexvolume.bundle) runs it.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.kubelet_unit
  - nodeops.flexvolume.drivers.heal_neighbours
  - nodeops.flexvolume.drivers.node
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
options:
  dest:
    description:
      - The directory on the controller in which the files are written.
    type: path
    required: true
  at_boot:
    description:
      - Whether what O(cloud_init) and O(daemonset) write has the node keep the bundle and apply it at every boot, as in M(nodeops.flexvolume.node).
    type: bool
    default: false
  cloud_init:
    description:
      - Whether to write C(cloud-init.yaml), a part of a node's user data that applies the bundle at its first boot.
    type: bool
    default: false
  daemonset:
    description:
      - Write C(daemonset.yaml), the manifest of a DaemonSet whose pods apply the bundle each to its node, for a cluster whose nodes nobody may reach.
    type: dict
    suboptions:
      image:
        description:
          - The pods' image, best named by its digest. Any image will do that has C(sh), C(sha256sum), C(sleep) and C(nsenter).
        type: str
        required: true
      name:
        description:
          - The name of the DaemonSet.
        type: str
        default: flexvolume-node
      namespace:
        description:
          - Its namespace, which must allow privileged pods.
        type: str
        default: kube-system
      remove:
        description:
          - Whether the pods withdraw the drivers rather than apply the bundle. Deleting the DaemonSet leaves the drivers where they are.
        type: bool
        default: false
seealso:
  - module: nodeops.flexvolume.node
"""

EXAMPLES = r"""
- name: Write the bundle, and what a cloud and a cluster take
  nodeops.flexvolume.bundle:
    dest: out
    drivers:
      - name: nodeops/dynhostpath
        src: dynhostpath.py
        host_paths:
          - path: /var/lib/dynhostpath
            mode: "0700"
    at_boot: true
    cloud_init: true
    daemonset:
      image: busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000
"""

RETURN = r"""
bundle:
  description: The bundle's path.
  returned: success
  type: str
  sample: out/flexvolume-node.pyz
sha256:
  description: Its checksum.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
size:
  description: Its size in bytes.
  returned: success
  type: int
  sample: 131104
secret:
  description: Whether the list holds secrets or settings, so that only the files' owner can read them.
  returned: success
  type: bool
  sample: false
files:
  description: All that was written.
  returned: success
  type: list
  elements: str
  sample: [out/flexvolume-node.pyz, out/flexvolume-node.pyz.sha256, out/cloud-init.yaml, out/daemonset.yaml]
"""
