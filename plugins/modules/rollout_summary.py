#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: rollout_summary
short_description: Say at the end of a rollout what became of the nodes
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Counts the nodes of the play that were changed, unchanged, failed, unreachable and not reached, and gives the first sentence of each
    distinct failure, and each distinct warning, with its nodes.
  - What became of a node is what its play registered as C(flexvolume_outcome), as the playbooks C(nodeops.flexvolume.deploy) and
    C(nodeops.flexvolume.rollback) do.
  - Runs on the controller alone, for all nodes of the play at once. Give it C(run_once).
extends_documentation_fragment:
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
attributes:
  diff_mode:
    support: N/A
    details: This action changes nothing.
"""

EXAMPLES = r"""
- name: Say how the rollout ended
  nodeops.flexvolume.rollout_summary:
  run_once: true
"""

RETURN = r"""
msg:
  description: The lines of the summary.
  returned: always
  type: list
  elements: str
  sample:
    - "200 nodes: 12 changed, 0 unchanged, 1 failed, 0 unreachable, 187 not reached."
"""
