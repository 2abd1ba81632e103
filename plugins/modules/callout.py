#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: callout
short_description: Call a FlexVolume driver as the kubelet does
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Makes one callout to a driver on the node, in the kubelet's own environment where a kubelet runs, and judges the answer as the kubelet does.
  - Without O(expect) the task fails unless the status is V(Success). With it, the expectations alone decide.
  - Callouts other than C(init), C(getvolumename) and C(isattached) are left out in check mode.
extends_documentation_fragment:
  - nodeops.flexvolume.attributes.action
  - nodeops.flexvolume.attributes
attributes:
  check_mode:
    support: partial
    details: Makes only the callouts that change nothing.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: It is up to the driver.
options:
  name:
    description:
      - The driver's name as pods use it, V(vendor/driver).
    type: str
    required: true
  plugin_dir:
    description:
      - The kubelet's FlexVolume plugin dir. Left out, it is what the running kubelet uses, else what its configuration says, else the default.
    type: path
  callout:
    description:
      - The callout to make.
    type: str
    default: init
  arguments:
    description:
      - The callout's arguments in their order. A mapping is passed as JSON in the kubelet's own way of writing it.
    type: list
    elements: raw
    default: []
  secrets:
    description:
      - The data of the Secret that the volume names, not encoded. Every mapping in O(arguments) gets them as the kubelet passes them,
        C(kubernetes.io/secret/KEY) in base64. They appear in no result and no log.
    type: dict
    default: {}
  timeout:
    description:
      - Seconds after which the driver and all processes of its group are killed. The kubelet itself would wait for ever.
    type: float
    default: 30
  expect:
    description:
      - JMESPath expressions, each of which must be true of the result. They may use any of the return values below.
      - Needs the Python library jmespath on the controller.
    type: list
    elements: str
    default: []
seealso:
  - module: nodeops.flexvolume.conformance
  - name: JMESPath
    description: The language of the expectations.
    link: https://jmespath.org/
"""

EXAMPLES = r"""
- name: See that the driver tells the kubelet not to attach
  nodeops.flexvolume.callout:
    name: nodeops/dynhostpath
    expect:
      - status == 'Success' && capabilities.attach == `false`

- name: See that a volume that is not mounted counts as unmounted
  nodeops.flexvolume.callout:
    name: nodeops/dynhostpath
    callout: unmount
    arguments:
      - /var/lib/kubelet/pods/00000000-0000-0000-0000-000000000000/volumes/nodeops~dynhostpath/data
"""

RETURN = r"""
status:
  description: What the kubelet makes of the answer, V(Success), V(Not supported) or V(Failure).
  returned: when the callout was made
  type: str
  sample: Success
message:
  description: The driver's message, or the kubelet's error where it cannot read the answer.
  returned: when the callout was made
  type: str
  sample: ""
response:
  description: The answer's JSON object. The keys that the kubelet knows are written as the kubelet writes them.
  returned: when the callout was made
  type: dict
  sample:
    status: Success
    capabilities:
      attach: false
capabilities:
  description: The capabilities with the kubelet's defaults for those that the answer does not state.
  returned: when the callout was made
  type: dict
  sample:
    attach: false
    selinuxRelabel: true
    fsGroup: true
    requiresFSResize: true
    supportsMetrics: false
rc:
  description: The exit code, negative for a signal, null if the driver could not be started.
  returned: when the callout was made
  type: int
  sample: 0
seconds:
  description: How long the callout took.
  returned: when the callout was made
  type: float
  sample: 0.02
defect:
  description: What is wrong with the answer, or null if it keeps to the interface. An answer of V(Failure) is no defect.
  returned: when the callout was made
  type: str
log:
  description: What the kubelet would write to its log.
  returned: when the callout was made
  type: str
  sample: ""
output:
  description: What the driver wrote to stdout and stderr, as one stream.
  returned: when the callout was made
  type: str
  sample: '{"status": "Success", "capabilities": {"attach": false}}'
executable:
  description: The executable that was called.
  returned: success
  type: str
  sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeops~dynhostpath/dynhostpath
"""

import os

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _names, _secrets, _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import callout, directories, go_json, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import trust

QUERIES = ('init', 'getvolumename', 'isattached')


def arguments(given: list, secrets: dict) -> list:
    """Return the callout's arguments as strings; secrets are added to each mapping."""
    return [go_json.dumps(_secrets.with_secrets(item, secrets)) if isinstance(item, dict) else str(item) for item in given]


def main():
    module = _wiring.Module(
        argument_spec=dict(
            name=dict(type='str', required=True),
            plugin_dir=dict(type='path'),
            callout=dict(type='str', default='init'),
            arguments=dict(type='list', elements='raw', default=[]),
            secrets=dict(type='dict', default={}, no_log=True),
            timeout=dict(type='float', default=30),
            expect=dict(type='list', elements='str', default=[]),
        ),
        supports_check_mode=True,
    )
    parameters = module.params
    _wiring.refuse_unfit(module)
    try:
        name = _names.DriverName.parse(parameters['name'])
        words = [parameters['callout']] + arguments(parameters['arguments'], parameters['secrets'])
        running = process.running()
        executable = os.path.join(directories.plugin_dir(running, parameters['plugin_dir']).path, name.directory, name.driver)
        trust.demand(executable, 'The driver')
    except NodeError as error:
        module.fail_json(msg=str(error))
    if parameters['timeout'] <= 0:
        module.fail_json(msg=f'timeout is {parameters["timeout"]}: give a number of seconds above 0.')
    changing = parameters['callout'] not in QUERIES
    if changing and module.check_mode:
        module.exit_json(changed=True, executable=executable, msg=f'The callout {parameters["callout"]} is left out in check mode.')
    verdict = callout.judge(callout.call(
        executable, words, process.callout_environment(running), parameters['timeout']))
    result = verdict._asdict()
    answer = result.pop('answer')
    module.exit_json(
        changed=changing and verdict.status == callout.SUCCESS, executable=executable, rc=answer.rc, seconds=round(answer.seconds, 3),
        output=answer.output, **result)


if __name__ == '__main__':
    main()
