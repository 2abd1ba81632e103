# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.nodeops.flexvolume.plugins.action import callout

RESULT = {'status': 'Success', 'message': '', 'capabilities': {'attach': False}, 'rc': 0, 'seconds': 0.1, 'defect': None, 'output': '{}'}
FAILURE = dict(RESULT, status='Failure', message='no share', rc=1)


def judge(result, *expressions):
    return callout.judge(result, [callout.compiled(text) for text in expressions])


@pytest.mark.parametrize('expression', [
    "status == 'Success' && capabilities.attach == `false`", 'rc', '!(capabilities.attach)', "contains(output, '{')", 'rc == `0`',
])
def test_what_is_true(expression):
    assert judge(RESULT, expression) == ''


def test_what_is_false_is_shown_with_what_was_seen():
    assert judge(FAILURE, "status == 'Success' && capabilities.attach") == (
        'expected status == \'Success\' && capabilities.attach, saw capabilities = {"attach": false}, status = "Failure"')


@pytest.mark.parametrize('expression', ['defect', 'message', 'capabilities.attach', 'nothing.there', '`[]`', '`{}`'])
def test_what_jmespath_calls_false(expression):
    assert judge(RESULT, expression).startswith(f'expected {expression}, saw ')


def test_every_expectation_that_is_not_met_is_named():
    assert judge(FAILURE, "status == 'Success'", 'rc', 'rc == `0`') == (
        'expected status == \'Success\', saw status = "Failure"; expected rc == `0`, saw rc = 1')


def test_an_expectation_that_cannot_be_evaluated():
    assert 'expected length(rc), which cannot be evaluated: ' in judge(RESULT, 'length(rc)')


def test_expectations_alone_decide():
    assert judge(FAILURE, "status == 'Failure'") == ''


@pytest.mark.parametrize('result, problem', [
    (RESULT, ''),
    (FAILURE, 'The callout ended with Failure: no share'),
    (dict(FAILURE, defect='it printed nothing'), 'The callout ended with Failure: it printed nothing'),
    (dict(FAILURE, status='Not supported', message=''), 'The callout ended with Not supported: the driver gives no message'),
])
def test_without_expectations_the_status_decides(result, problem):
    assert judge(result) == problem


def test_a_wrong_expression_is_refused():
    with pytest.raises(AnsibleActionFail, match='expect has an expression that is not JMESPath: status =: '):
        callout.compiled('status =')


def test_without_jmespath(monkeypatch):
    monkeypatch.setattr(callout, 'jmespath', None)
    with pytest.raises(AnsibleActionFail, match=r'needs the Python library jmespath on the controller; install it with: .* -m pip install jmespath$'):
        callout.compiled('status')


class Module:
    """Stands in for the node: the action plugin with a module result of the test's choice."""

    def __init__(self, monkeypatch, result, **arguments):
        self.calls = []

        def execute(_self, module_name, module_args, task_vars):
            self.calls.append(module_args)
            return dict(result)

        monkeypatch.setattr(callout.ActionBase, 'run', lambda *_arguments, **_options: {})
        monkeypatch.setattr(callout.ActionModule, '_execute_module', execute)
        self.action = object.__new__(callout.ActionModule)
        self.action._task = type('Task', (), {'args': arguments})

    def run(self):
        return self.action.run(task_vars={})


def test_a_run_that_meets_its_expectations_succeeds_whatever_the_rc(monkeypatch):
    result = Module(monkeypatch, dict(FAILURE, failed=True, exception='rc 1'), name='a/b', expect=["status == 'Failure'"]).run()
    assert result['failed'] is False and 'exception' not in result


def test_a_run_that_does_not_meet_them_fails(monkeypatch):
    result = Module(monkeypatch, RESULT, name='a/b', expect='rc == `1`').run()
    assert result['failed'] is True and result['msg'] == 'expected rc == `1`, saw rc = 0'


def test_a_module_that_failed_is_not_judged(monkeypatch):
    failed = {'failed': True, 'msg': 'x is no driver name'}
    assert Module(monkeypatch, failed, name='x', expect=['status']).run() == failed


def test_a_wrong_expression_is_refused_before_the_callout(monkeypatch):
    module = Module(monkeypatch, RESULT, name='a/b', expect=['('])
    with pytest.raises(AnsibleActionFail):
        module.run()
    assert module.calls == []


@pytest.mark.parametrize('result, said', [
    (dict(RESULT, status='Failure', defect=None, message='\x1b[2Jno'), 'The callout ended with Failure: \ufffd[2Jno'),
    ({'status': '\x1b[2J'}, 'The callout ended with \ufffd[2J: the driver gives no message'),
])
def test_what_a_driver_or_a_node_says_does_nothing_to_a_terminal(monkeypatch, result, said):
    assert Module(monkeypatch, result, name='a/b').run()['msg'] == said
