# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the same in every module: run one concern, report what it did, and turn a refusal into a failure of one sentence."""

import os

from ansible.module_utils.basic import AnsibleModule

from . import _secrets
from ._outcome import NodeError, Outcome
from ._system import lock


class Module(AnsibleModule):
    """An AnsibleModule that shows no value of a C(config) or C(secrets), neither in the node's log nor in its result.

    C(no_log) would hide every occurrence of each value in everything, a number such as 1 too, and in results that others compute with. Here what a
    driver may have repeated is masked, and nothing else.
    """

    params: dict

    def _log_invocation(self):
        given, self.params = self.params, _secrets.shown(self.params)
        try:
            super()._log_invocation()
        finally:
            self.params = given

    def warn(self, warning, **keywords):
        """Warn as AnsibleModule does."""
        super().warn(_secrets.masked(warning, _secrets.words(self.params)), **keywords)

    def exit_json(self, **result):
        """Exit as AnsibleModule does."""
        super().exit_json(**self._fit_to_show(result))

    def fail_json(self, msg, **result):
        """Fail as AnsibleModule does."""
        super().fail_json(**self._fit_to_show(dict(result, msg=msg)))

    def _fit_to_show(self, result: dict) -> dict:
        self.no_log_values.clear()
        return dict(_secrets.masked(result, _secrets.words(self.params)), invocation={'module_args': _secrets.shown(self.params)})


def change(module, concern):
    """Run a concern that changes the node as run() does; two runs on one node at once wait for each other."""
    refuse_unfit(module)

    def alone(parameters: dict, check: bool) -> Outcome:
        with lock.held():
            outcome = concern(parameters, check)
            outcome.settle()
            return outcome

    run(module, alone)


def run(module, concern):
    """Run C(concern), a function that takes the module's parameters and whether to change nothing, and exit with its Outcome."""
    refuse_unfit(module)
    try:
        outcome = concern(module.params, module.check_mode)
    except NodeError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f'The node refused: {error}. See to that file or its file system; the task can be run again as it is.')
    report(module, outcome)


def refuse_unfit(module):
    """Fail where nothing that a module says of the node would be true, since it sees only part of it."""
    if os.geteuid():
        module.fail_json(msg=f'This runs as the user with id {os.geteuid()}, who may not see what root and the kubelet see, so nothing was done or judged: '
                             'give the task "become: true".')
    if not os.path.exists('/proc/self/mountinfo'):
        module.fail_json(msg='There is no /proc here, as in a chroot where it was not mounted, so mounts and processes cannot be seen: mount it first '
                             '("mount -t proc proc /proc" inside it).')


def report(module, outcome: Outcome):
    """Exit with what the Outcome says."""
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(changed=outcome.changed, diff=outcome.diff, **outcome.facts)
