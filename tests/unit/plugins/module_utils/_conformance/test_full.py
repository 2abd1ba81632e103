# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import types

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import full


def test_the_patience_for_volumes_that_take_turns_ends_with_them(monkeypatch):
    stage = types.SimpleNamespace(capabilities={'attach': False}, go_on=lambda: None, timeout=1, slowest=3, token='t',
                                  volume=lambda name: contextlib.ExitStack())
    seen = []
    for step in ('_up', '_down'):
        monkeypatch.setattr(full, step, lambda volume: seen.append(stage.timeout) or '')
    report = types.SimpleNamespace(passed=seen.append)
    full.many(stage, report)
    assert set(seen) == {2 * full.MANY * 3, 501}
    assert stage.timeout == 1
