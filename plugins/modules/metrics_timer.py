#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: metrics_timer
short_description: Let a node write what is true of its FlexVolume drivers for Prometheus, by a systemd timer
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Installs a timer and a service, C(flexvolume-metrics), that write C(flexvolume.prom) into the directory of node_exporter's textfile collector. It
    holds what M(nodeops.flexvolume.node_info) knows, its troubles included, as metrics.
  - The file is replaced at once. It works as well where node_exporter runs in a pod that mounts the directory.
  - It costs the node about 0.15 seconds of CPU time each time, of which it says so itself in C(flexvolume_collection_cpu_seconds), and each driver one C(init).
extends_documentation_fragment:
  - nodeops.flexvolume.attributes
options:
  directory:
    description:
      - What node_exporter has in C(--collector.textfile.directory). It is made where it is missing; what lies above it must be root's alone.
    type: str
    required: true
  interval:
    description:
      - How often the metrics are written, a systemd time span.
    type: str
    default: 1min
  state:
    description:
      - V(absent) removes the timer, and the file with it.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Write the metrics of FlexVolume drivers where Debian's node_exporter reads them
  nodeops.flexvolume.metrics_timer:
    directory: /var/lib/prometheus/node-exporter
"""

RETURN = r"""
metrics_file:
  description: The file that the node writes, null where it writes none.
  returned: success
  type: str
  sample: /var/lib/prometheus/node-exporter/flexvolume.prom
"""

import sys

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers, metrics_timer, program
from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import metrics
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome

HOUSE = program.HOUSE + '.'


def writer() -> program.Program:
    """Return the program that writes the metrics: the room metrics and all that was read to run this module, but for what knows Ansible."""
    loaded = [name[len(HOUSE):].replace('.', '/') for name, module in sys.modules.items() if name.startswith(HOUSE) and not hasattr(module, '__path__')]
    return program.Program('metrics', metrics.__name__[len(HOUSE):], tuple(sorted(room for room in loaded if room != '_wiring')))


def agree(parameters: dict, check: bool) -> Outcome:
    if parameters['state'] == 'absent':
        return metrics_timer.remove(parameters['directory'], writer(), check)
    return metrics_timer.ensure(parameters['directory'], parameters['interval'], writer(), check)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            directory=dict(type='str', required=True),
            interval=dict(type='str', default='1min'),
            state=drivers.STATE,
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
