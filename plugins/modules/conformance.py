#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: conformance
short_description: Check FlexVolume drivers on a node
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Takes each driver of the list, whoever made it, through the life of volumes of made-up pods, as the kubelet would, and judges its answers as
    the kubelet does.
  - Each check has a number and a level. The task fails when a MUST fails, which means that the kubelet would refuse the driver, or that a pod,
    its data or the node would come to harm.
  - Nothing is left on the node. The driver runs in a mount namespace of its own, over an overlay of the node's file systems; whatever it writes
    there is reported, and goes with it. Where a kernel or a container does not allow that, or the driver mounts nothing in there, it runs on the node
    itself, which the report says; what it leaves behind under a made-up name or lets hang is then removed or killed.
  - Of a driver's entry in the list, only the O(drivers[].options) and O(drivers[].secrets) of its volumes and its waivers count. Drivers whose C(state) is
    C(absent) are passed over.
extends_documentation_fragment:
  - nodeops.flexvolume.drivers
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
attributes:
  check_mode:
    support: full
    details: Looks at the files, calls C(init), asks the kubelet, and says which checks were left out. Of a driver that is not there yet it warns.
  diff_mode:
    support: N/A
    details: This module changes nothing.
options:
  suite:
    description:
      - V(basic) mounts and unmounts one volume, which takes a fraction of a second. V(full) makes all checks. V(attach) makes those of a volume
        that is attached, up to its mount.
    type: str
    choices: [attach, basic, full]
    default: full
  strict:
    description:
      - Whether a SHOULD that fails, a matter of good manners, also fails the task.
    type: bool
    default: false
  timeout:
    description:
      - Seconds after which a callout counts as hung.
    type: float
    default: 30
  enclosed:
    description:
      - Whether the driver runs in a mount namespace of its own. One whose first volume cannot be mounted in there, such as one that asks a daemon to mount
        it, is called once more on the node itself. V(false) is for one that would hang in there meanwhile.
    type: bool
    default: true
    version_added: 1.0.0
  junit_dir:
    description:
      - Directory on the controller for reports in JUnit XML with all checks, one file a host and driver, C(flexvolume-conformance-<host>-<driver>.xml).
        Nothing is written in check mode.
    type: str
seealso:
  - module: nodeops.flexvolume.callout
"""

EXAMPLES = r"""
- name: Check every driver of the node in full and report to the CI
  nodeops.flexvolume.conformance:
    drivers: "{{ flexvolume_drivers }}"
    junit_dir: reports

- name: Check somebody else's driver that needs options
  nodeops.flexvolume.conformance:
    drivers:
      - name: fstab/cifs
        options:
          networkPath: //fileserver/scratch
          mountOptions: vers=3.0
        secrets:
          username: "{{ scratch_user }}"
          password: "{{ scratch_password }}"
    strict: true
"""

RETURN = r"""
plugin_dir:
  description: The plugin dir in which the drivers were looked up, and why it is that one.
  returned: always
  type: dict
  sample:
    path: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
    source: default
    reason: >-
      The kubelet that this node is set up for (none runs) is given no plugin dir, neither as a flag nor in a config file, so it uses its default,
      /usr/libexec/kubernetes/kubelet-plugins/volume/exec.
drivers:
  description: What came of each driver.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The driver's name.
      type: str
      sample: nodeops/dynhostpath
    executable:
      description: The driver's executable.
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeops~dynhostpath/dynhostpath
    passed:
      description: Whether no check failed that counts.
      type: bool
      sample: true
    seconds:
      description: How long the checks took.
      type: float
      sample: 1.2
    counts:
      description: How many checks C(passed), C(failed), were C(waived) or C(left out).
      type: dict
      sample: {"passed": 43, "failed": 0, "waived": 0, "left out": 11}
    checks:
      description: The checks that failed, waived or not. All of them stand in the report of O(junit_dir).
      type: list
      elements: dict
      contains:
        number:
          description: The check's number, which stays the same from release to release.
          type: int
          sample: 404
        title:
          description: What is checked.
          type: str
          sample: mount again succeeds and does not stack
        level:
          description: V(MUST) or V(SHOULD).
          type: str
          sample: MUST
        outcome:
          description: V(failed).
          type: str
          sample: failed
        evidence:
          description: What was seen.
          type: str
          sample: "mount: Failure: it is mounted already"
        advice:
          description: What to do when the check fails.
          type: str
          sample: >-
            Answer Success, and do nothing, if the volume is there already: the kubelet asks for this one after each restart.
        callout:
          description: The shell command that repeats by hand the callout after which the check failed, with its secrets hidden.
          type: str
          sample: ""
        waived:
          description: Why a failure of this check does not count for this driver, or nothing.
          type: str
          sample: ""
junit:
  description: The reports on the controller.
  returned: when O(junit_dir) is given, except in check mode
  type: list
  elements: str
  sample: [reports/flexvolume-conformance-node1-nodeops~dynhostpath.xml]
table:
  description: The lines of a table for people. Checks that passed are shown with C(-v) alone.
  returned: always
  type: list
  elements: str
  sample: ["nodeops/dynhostpath: passed (43 passed, 11 left out), 1.2 s"]
"""

import os
import time

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _secrets, _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import suite
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.full import SUITES
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, plain

# What a sentence holds of it; all of it stands in the check.
MOST_EVIDENCE = 240


def examine(driver: dict, plugin_dir: str, running, parameters: dict, check: bool) -> tuple:
    """Put one driver of the list to the checks; return what came of it, and a sentence that names what failed, empty where it passed."""
    name = driver['name']
    executable = Place(plugin_dir, name).executable
    options = _secrets.with_secrets(driver['options'], driver['secrets'])
    start = time.monotonic()
    checks = suite.run(
        executable, name, process.callout_environment(running), options, SUITES[parameters['suite']], check, parameters['timeout'], running,
        driver['waive'], parameters['enclosed'])
    failed = suite.failures(checks, parameters['strict'])
    listed = '; '.join(f'{check.number} {check.title}: {_brief(check.evidence)}' for check in failed)
    result = dict(name=str(name), executable=executable, passed=not failed, seconds=round(time.monotonic() - start, 3),
                  checks=[dict(check._asdict()) for check in checks])
    return result, f'{name} fails {len(failed)} of {len(checks)} checks: {listed}.' if failed else ''


def _brief(evidence: str) -> str:
    text = plain(evidence).rstrip('.')
    return text if len(text) <= MOST_EVIDENCE else f'{text[:MOST_EVIDENCE]} (…)'


def main():
    module = _wiring.Module(
        argument_spec=dict(
            drivers=drivers.DRIVERS,
            plugin_dir=drivers.PLUGIN_DIR,
            suite=dict(type='str', choices=sorted(SUITES), default='full'),
            strict=dict(type='bool', default=False),
            timeout=dict(type='float', default=30),
            enclosed=dict(type='bool', default=True),
            junit_dir=dict(type='str'),
        ),
        supports_check_mode=True,
    )
    _wiring.refuse_unfit(module)
    parameters = module.params
    try:
        declared = [driver for driver in drivers.read(parameters) if driver['state'] != 'absent']
        running = process.running()
        plugin_dir = directories.plugin_dir(running, parameters['plugin_dir'])
    except NodeError as error:
        module.fail_json(msg=str(error))
    if parameters['timeout'] <= 0:
        module.fail_json(msg=f'timeout is {parameters["timeout"]}: give a number of seconds above 0.')
    if module.check_mode:
        # What comes before in the play may be what would put it there.
        yet_to_come = [driver for driver in declared if not os.path.lexists(Place(plugin_dir.path, driver['name']).executable)]
        declared = [driver for driver in declared if driver not in yet_to_come]
        for driver in yet_to_come:
            module.warn(f'{driver["name"]} is not on this node, so there is nothing to judge in check mode.')
    examined = [examine(driver, plugin_dir.path, running, parameters, module.check_mode) for driver in declared]
    answer = dict(changed=False, plugin_dir=dict(plugin_dir._asdict()), drivers=[result for result, _sentence in examined])
    complaints = [sentence for _result, sentence in examined if sentence]
    if complaints:
        module.fail_json(msg=' '.join(complaints), **answer)
    module.exit_json(**answer)


if __name__ == '__main__':
    main()
