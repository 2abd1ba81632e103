# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.nodeops.flexvolume.plugins.action import conformance
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import presented


def check(number, outcome, level='MUST', evidence='', waived='', callout=''):
    return {'number': number, 'title': f'title {number}', 'level': level, 'outcome': outcome, 'evidence': evidence, 'advice': 'Do it.', 'waived': waived,
            'callout': callout}


CHECKS = [
    check(101, 'passed'), check(201, 'failed', evidence='it printed\n\x00nothing', callout='driver init'), check(202, 'failed', 'SHOULD', 'attach'),
    check(401, 'left out', evidence='init failed'), check(402, 'left out', evidence='init failed'),
    check(404, 'failed', evidence='it stacks', waived='on purpose'),
]
RESULT = {'name': 'a/b', 'executable': '/x', 'passed': False, 'seconds': 0.25, 'checks': CHECKS}
COUNTED = 'a/b: FAILED (1 passed, 2 failed, 1 waived, 2 left out), 0.2 s'
FAILED = [
    '  201  FAILED  MUST    title 201: it printed \ufffdnothing',
    '                       Do it.',
    '  202  FAILED  SHOULD  title 202: attach',
    '                       Do it.',
]
WAIVED = ['  404  waived  MUST    title 404: it stacks', '                       waived: on purpose']


def test_the_table_tells_how_many_checks_passed_and_each_that_did_not():
    assert presented.table(RESULT, every=False) == [COUNTED, *FAILED, *WAIVED, '  left out, init failed: 401 402']


def test_the_table_tells_that_a_driver_ran_on_the_node_itself():
    def lines(evidence):
        return presented.table(dict(RESULT, checks=[check(805, 'passed', evidence=evidence)]), every=False)[1:]

    assert lines('only made-up names were looked for') == ['  805  ok      MUST    title 805: only made-up names were looked for']
    assert lines('') == []


def test_the_table_tells_of_each_check_where_it_is_asked_to():
    assert presented.table(RESULT, every=True) == [
        COUNTED, '  101  ok      MUST    title 101', *FAILED, '  401  -       MUST    title 401: init failed', '  402  -       MUST    title 402: init failed',
        *WAIVED]


def test_of_the_checks_those_that_failed_stay_in_the_result():
    trimmed = conformance.trimmed(RESULT)
    assert [found['number'] for found in trimmed['checks']] == [201, 202, 404]
    assert trimmed['counts'] == {'passed': 1, 'failed': 2, 'waived': 1, 'left out': 2}


@pytest.mark.parametrize('strict, failures', [(False, ['201']), (True, ['201', '202'])])
def test_the_report_counts_as_the_task_does(tmp_path, strict, failures):
    path = conformance.write(tmp_path / 'new' / 'dir', 'node/1', RESULT, strict)
    assert path == str(tmp_path / 'new' / 'dir' / 'flexvolume-conformance-node_1-a~b.xml')
    suite = ElementTree.parse(path).getroot().find('testsuite')
    cases = suite.findall('testcase')
    assert suite.attrib == {
        'name': 'a/b on node/1', 'hostname': 'node/1', 'time': '0.25', 'tests': '6', 'errors': '0', 'failures': str(len(failures)), 'skipped': '3'}
    assert [case.get('name')[:3] for case in cases if case.find('failure') is not None] == failures
    assert cases[1].find('failure').get('message') == 'it printed\n\ufffdnothing'
    assert cases[1].find('failure').text == 'Do it.\ndriver init'
    assert [cases[index].find('skipped').get('message') for index in (3, 5)] == ['init failed', 'waived: on purpose (it stacks)']


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(AnsibleActionFail, match=r'cannot be written: .*; see to junit_dir'):
        conformance.write(tmp_path / 'file' / 'dir', 'node1', RESULT, False)


@pytest.mark.parametrize('delegate_to, host', [(None, 'n1'), ('n2', 'n2')])
def test_the_report_names_the_host_that_was_judged(mocker, tmp_path, delegate_to, host):
    task = mocker.Mock(async_val=0, args={'drivers': [{'name': 'a/b'}], 'junit_dir': str(tmp_path)}, delegate_to=delegate_to, check_mode=False, no_log=False)
    action = conformance.ActionModule(task, *[mocker.Mock() for _argument in range(5)])
    mocker.patch.object(action, '_execute_module', return_value={'drivers': [RESULT], 'msg': 'a/b fails', 'failed': True})
    result = action.run(task_vars={'inventory_hostname': 'n1'})
    assert result['junit'] == [str(tmp_path / f'flexvolume-conformance-{host}-a~b.xml')]
    assert (result['table'][0], result['failed'], len(result['drivers'][0]['checks'])) == (COUNTED, True, 3)


def test_what_is_malformed_fails_before_anything_reaches_the_node(mocker):
    action = conformance.ActionModule(mocker.Mock(async_val=0, args={}), *[mocker.Mock() for _argument in range(5)])
    execute = mocker.patch.object(action, '_execute_module')
    with pytest.raises(AnsibleActionFail, match='There is no list of drivers'):
        action.run(task_vars={})
    assert not execute.called


def test_no_log_hides_what_failed(mocker):
    action = conformance.ActionModule(mocker.Mock(async_val=0, args={'drivers': [{'name': 'a/b'}]}, no_log=True, check_mode=True),
                                      *[mocker.Mock() for _argument in range(5)])
    mocker.patch.object(action, '_execute_module', return_value={'drivers': [RESULT], 'msg': 'option hunter2', 'failed': True, 'exception': 'option hunter2'})
    result = action.run(task_vars={'inventory_hostname': 'n1'})
    assert (result['msg'], result['exception'], result['failed']) == ('The conformance checks failed; no_log hides which.', None, True)


@pytest.mark.parametrize('results', [
    [dict(RESULT, name='1-a/b')], [dict(RESULT, name='../a')], [dict(RESULT, seconds='\x1b')], [dict(RESULT, checks=[dict(CHECKS[0], outcome='fine')])],
    [{}], 'a/b',
])
def test_what_the_suite_never_says_is_neither_shown_nor_written(mocker, tmp_path, results):
    task = mocker.Mock(async_val=0, args={'drivers': [{'name': 'a/b'}], 'junit_dir': str(tmp_path)}, delegate_to=None, check_mode=False, no_log=False)
    action = conformance.ActionModule(task, *[mocker.Mock() for _argument in range(5)])
    mocker.patch.object(action, '_execute_module', return_value={'drivers': results})
    with pytest.raises(AnsibleActionFail, match='what the conformance suite never says'):
        action.run(task_vars={'inventory_hostname': 'n1'})
    assert list(tmp_path.iterdir()) == []


def test_a_title_that_xml_cannot_hold(tmp_path):
    path = conformance.write(tmp_path, 'n1', dict(RESULT, checks=[dict(CHECKS[0], title='\x1b')]), False)
    assert ElementTree.parse(path).find('.//testcase').get('name') == '101 \ufffd (MUST)'
