#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: prune_timer
short_description: Let FlexVolume drivers remove by a systemd timer what outlived its retention
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Installs a timer and a service, C(flexvolume-prune-VENDOR-DRIVER), for each driver with a O(drivers[].prune_interval), which run the driver's own
    command C(prune), and removes those of the others.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.state
  - nodeops.flexvolume.attributes
"""

EXAMPLES = r"""
- name: Prune the volumes of the driver every hour
  nodeops.flexvolume.prune_timer:
    drivers:
      - name: nodeops/dynhostpath
        prune_interval: 1h
"""

RETURN = r"""
prune_timers:
  description: The timers that are there now.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The driver.
      type: str
      sample: nodeops/dynhostpath
    unit:
      description: The timer's unit.
      type: str
      sample: flexvolume-prune-nodeops-dynhostpath.timer
    last:
      description: When the timer elapsed last, ISO 8601 in UTC, or null.
      type: str
      sample: "2026-01-31T12:00:00Z"
    next:
      description: When the timer elapses next, ISO 8601 in UTC, or null.
      type: str
      sample: "2026-01-31T13:00:00Z"
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers, prune_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome


def agree(parameters: dict, check: bool) -> Outcome:
    kubelet, disbelieved = process.search()
    plugin_dir = directories.plugin_dir(kubelet, parameters['plugin_dir']).path
    outcome = prune_timer.ensure(drivers.read(parameters), plugin_dir, check)
    outcome.warnings.extend([] if kubelet else disbelieved)
    return outcome


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            plugin_dir=drivers.PLUGIN_DIR,
            state=drivers.STATE,
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
