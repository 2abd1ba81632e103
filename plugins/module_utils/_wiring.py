# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the same in every module: run one concern, report what it did, and turn a refusal into a failure of one sentence."""

import os

from . import _secrets
from ._outcome import NodeError, Outcome
from ._system import files

# On every node, and writable or not it can be locked.
LOCKED = '/run'


def change(module, concern):
    """Run a concern that changes the node as run() does; two runs on one node at once wait for each other."""
    with files.lock(LOCKED):
        run(module, concern)


def run(module, concern):
    """Run C(concern), a function that takes the module's parameters and whether to change nothing, and exit with its Outcome."""
    for driver in module.params.get('drivers', []):
        _secrets.hide(module, driver['secrets'])
    try:
        outcome = concern(module.params, module.check_mode)
    except NodeError as error:
        _fail(module, str(error))
    except OSError as error:
        _fail(module, f'The node refused: {error}. See to that file or its file system; the task can be run again as it is.')
    report(module, outcome)


def report(module, outcome: Outcome):
    """Exit with what the Outcome says."""
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(changed=outcome.changed, diff=outcome.diff, **outcome.facts)


def _fail(module, message: str):
    advice = ' The task did not run as root: give it "become: true".' if os.geteuid() else ''
    module.fail_json(msg=message + advice)
