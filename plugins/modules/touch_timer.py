#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: touch_timer
short_description: Touch FlexVolume drivers regularly by a systemd timer, so that the kubelet never loses them
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Installs a timer and a service for each driver, C(flexvolume-touch-VENDOR-DRIVER), which touch the driver's executable and its directory.
  - A driver is touched only where its C(init), called as the kubelet calls it, answers Success within 10 seconds, since on a kubelet before 1.24 a
    touch of one whose C(init) fails hides all others for good.
  - Before each touch, what a run that was killed left half done is finished, and host paths that are gone, as those below C(/run) are after a boot,
    are made again, unless the file system on which they lay is not mounted; the driver is not touched then.
  - The timer runs in a burst after each start of the kubelet and of the node, then at O(drivers[].touch_interval). A kubelet older than 1.24
    throws away the results of a probe in which one driver failed, and then answers C(no volume plugin matched) for the healthy ones until
    they are touched.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.drivers.state
  - nodeops.flexvolume.drivers.kubelet_unit
  - nodeops.flexvolume.drivers.heal_neighbours
  - nodeops.flexvolume.attributes
seealso:
  - name: kubernetes/kubernetes#106703
    description: One failing driver hides all others.
    link: https://github.com/kubernetes/kubernetes/pull/106703
"""

EXAMPLES = r"""
- name: Keep the kubelet aware of the driver
  nodeops.flexvolume.touch_timer:
    drivers:
      - name: nodeops/dynhostpath
        touch_interval: 1min
"""

RETURN = r"""
touch_timers:
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
      sample: flexvolume-touch-nodeops-dynhostpath.timer
    last:
      description: When the timer elapsed last, ISO 8601 in UTC, or null.
      type: str
      sample: "2026-01-31T12:00:00Z"
    next:
      description: When the timer elapses next, ISO 8601 in UTC, or null.
      type: str
      sample: "2026-01-31T12:00:20Z"
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers, touch_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome


def agree(parameters: dict, check: bool) -> Outcome:
    kubelet, disbelieved = process.search()
    plugin_dir = directories.plugin_dir(kubelet, parameters['plugin_dir']).path
    outcome = touch_timer.ensure(
        drivers.read(parameters), plugin_dir, kubelet, parameters['kubelet_unit'], check, parameters['heal_neighbours'])
    outcome.warnings.extend([] if kubelet else disbelieved)
    return outcome


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            plugin_dir=drivers.PLUGIN_DIR,
            state=drivers.STATE,
            kubelet_unit=dict(type='str'),
            heal_neighbours=dict(type='bool'),
        ),
        supports_check_mode=True,
    )
    _wiring.change(module, agree)


if __name__ == '__main__':
    main()
