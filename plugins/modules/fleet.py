#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: fleet
short_description: Show what is wrong on many nodes, and what to do about it
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Puts together what M(nodeops.flexvolume.doctor) or M(nodeops.flexvolume.node_info) returned on each host of the play, and shows it - first what is
    wrong, each trouble once with its nodes and what to do about it, then the nodes as a table.
  - On request writes it as a page for a browser, as JSON and as JUnit XML.
  - Fails where anything is wrong, so that the playbook's exit status says so.
  - This is an action plugin. It runs once in a play, on the controller.
extends_documentation_fragment:
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
options:
  results:
    description:
      - The name of the variable under which the earlier task's results are registered. A host without it counts as one that was not asked.
    type: str
    required: true
  report_dir:
    description:
      - The directory on the controller that gets C(index.html), C(fleet.json) and C(flexvolume-troubles.xml). Nothing is written in check mode.
    type: path
  junit_dir:
    description:
      - Where M(nodeops.flexvolume.conformance) left its reports, which the page then shows. Left out, it is O(report_dir).
    type: path
seealso:
  - module: nodeops.flexvolume.doctor
"""

EXAMPLES = r"""
- name: Look at each node
  nodeops.flexvolume.node_info:
  register: looked
  # A node that cannot be looked at is told of with the others, and makes the next task fail.
  ignore_errors: true
  ignore_unreachable: true

- name: Say what is wrong and what to do about it
  nodeops.flexvolume.fleet:
    results: looked
    report_dir: reports
"""

RETURN = r"""
msg:
  description: One sentence on the whole fleet.
  returned: always
  type: str
  sample: Of 200 nodes 15 with troubles, 2 could not be reached.
summary:
  description: How many nodes there are of each kind, and of how many kinds the troubles are.
  returned: always
  type: dict
  sample: {nodes: 200, healthy: 183, troubled: 15, failed: 0, unreachable: 2, troubles: 5}
report:
  description: The paths of the files that were written.
  returned: when O(report_dir) is given, except in check mode
  type: dict
  sample: {page: reports/index.html, json: reports/fleet.json, junit: reports/flexvolume-troubles.xml}
"""
