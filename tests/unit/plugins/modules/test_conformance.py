# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import Check
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.modules import conformance

NO_JSON = 'init: its output is not one JSON object (the kubelet reads stdout and stderr as one stream, and all of it): '


@pytest.fixture
def complaint(monkeypatch):
    """What the module says of a driver whose init fails, by what was seen of it."""
    def said(evidence):
        failed = Check(201, 'init answers Success', 'MUST', 'failed', evidence, 'Print JSON.', '', '')
        monkeypatch.setattr(conformance.suite, 'run', lambda *_arguments: [failed])
        driver = {'name': DriverName('acme', 'nfs'), 'options': {}, 'secrets': {}, 'waive': {}}
        return conformance.examine(driver, '/plugins', None, {'suite': 'full', 'timeout': 30, 'enclosed': True, 'strict': False}, False)[1]

    return said


def test_the_sentence_holds_what_a_driver_wrote_beside_its_answer(complaint):
    assert complaint(NO_JSON + "'warning: no locale\\n'") == f"acme/nfs fails 1 of 1 checks: 201 init answers Success: {NO_JSON}'warning: no locale\\n'."


def test_a_sentence_that_is_cut_says_so(complaint):
    said = complaint(NO_JSON + 'x' * 1000)
    assert said.endswith('xxx (…).') and len(said) < 320


def test_a_sentence_is_one_line_with_one_stop(complaint):
    assert complaint('mount: Failure: it\nis gone.') == 'acme/nfs fails 1 of 1 checks: 201 init answers Success: mount: Failure: it is gone.'
