# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.nodeops.flexvolume.plugins.action import conformance


def check(number, outcome, level='MUST', evidence=''):
    return {'number': number, 'title': f'title {number}', 'level': level, 'outcome': outcome, 'evidence': evidence, 'advice': 'Do it.'}


CHECKS = [
    check(101, 'passed'), check(201, 'failed', evidence='it printed\n\x00nothing'), check(202, 'failed', 'SHOULD', 'attach'),
    check(401, 'left out', evidence='init failed'),
]
RESULTS = [{'name': 'a/b', 'executable': '/x', 'passed': False, 'seconds': 0.25, 'checks': CHECKS}]


def test_the_table_has_a_line_a_check_and_advice_for_what_failed():
    assert [line for line, _outcome in conformance.table('node1', RESULTS)] == [
        'node1: a/b, 0.2 s',
        '  101  ok      MUST    title 101',
        '  201  FAILED  MUST    title 201: it printed \x00nothing',
        '                       Do it.',
        '  202  FAILED  SHOULD  title 202: attach',
        '                       Do it.',
        '  401  -       MUST    title 401: init failed',
    ]


@pytest.mark.parametrize('strict, failures', [(False, ['201']), (True, ['201', '202'])])
def test_the_report_counts_as_the_task_does(tmp_path, strict, failures):
    path = conformance.write(tmp_path / 'new' / 'dir', 'node/1', RESULTS, strict)
    assert path == str(tmp_path / 'new' / 'dir' / 'flexvolume-conformance-node_1.xml')
    suite = ElementTree.parse(path).getroot().find('testsuite')
    cases = suite.findall('testcase')
    assert suite.attrib == {
        'name': 'a/b on node/1', 'hostname': 'node/1', 'time': '0.25', 'tests': '4', 'errors': '0', 'failures': str(len(failures)), 'skipped': '1'}
    assert [case.get('name')[:3] for case in cases if case.find('failure') is not None] == failures
    assert cases[1].find('failure').get('message') == 'it printed\n\ufffdnothing'
    assert cases[3].find('skipped').get('message') == 'init failed'


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(AnsibleActionFail, match=r'cannot be written: .*; see to junit_dir'):
        conformance.write(tmp_path / 'file' / 'dir', 'node1', RESULTS, False)
