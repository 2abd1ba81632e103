# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold up every run on a node for ever, by a lock that any local user can take."""

import os
import subprocess
import time

import pytest
from conftest import EVE

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import lock


class Module:
    """What _wiring asks of an AnsibleModule."""

    params, check_mode, no_log_values = {}, False, set()

    def exit_json(self, **result):
        self.result = result

    def fail_json(self, **result):
        self.result = dict(result, failed=True)


def test_by_a_lock_on_run(background):
    background('flock', '--shared', '/run', 'sleep', '600', user=EVE)
    background('flock', '--exclusive', '/run', 'sleep', '600', user=EVE)
    time.sleep(0.2)
    module, began = Module(), time.monotonic()
    _wiring.change(module, lambda parameters, check: Outcome())
    assert module.result == {'changed': False, 'diff': []}
    assert time.monotonic() - began < 5


def test_by_a_lock_on_the_directory_that_is_locked_instead():
    with lock.held():
        tried = subprocess.run(['flock', '--shared', '--nonblock', lock.DIRECTORY, 'true'], user=EVE, capture_output=True, text=True, check=False)
    assert tried.returncode
    assert 'Permission denied' in tried.stderr
    assert not os.path.exists(lock.DIRECTORY)


def test_by_making_that_directory_first():
    tried = subprocess.run(['mkdir', lock.DIRECTORY], user=EVE, capture_output=True, text=True, check=False)
    assert tried.returncode


def test_a_run_that_hangs_is_named_to_those_who_wait():
    with lock.held(), pytest.raises(NodeError, match=rf'^Another run \(pid {os.getpid()}\) has been changing this node for 0.3 s: '), lock.held(patience=0.3):
        pass
