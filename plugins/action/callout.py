# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge the result of the module callout by JMESPath expressions, on the controller, where jmespath is."""

from __future__ import annotations

import json
import sys

from ansible.plugins.action import ActionBase

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import plain
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

try:
    import jmespath
    import jmespath.exceptions
except ImportError:
    jmespath = None


class ActionModule(ActionBase):
    """Run the module and hold its result against the expectations."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result, failed if an expectation is not true of it; a wrong expression fails before the callout is made."""
        super().run(tmp, task_vars)
        expect = self._task.args.get('expect') or []
        expressions = [compiled(str(text)) for text in ([expect] if isinstance(expect, str) else expect)]
        result = self._execute_module(module_name='nodeops.flexvolume.callout', module_args=self._task.args, task_vars=task_vars)
        _answers.received(result)
        if 'status' in result:
            problem = judge(result, expressions)
            # ansible-core takes any rc but 0 for a failed module, and 2.21 makes an exception of it; here the expectations decide.
            result.pop('exception', None)
            result.update(failed=bool(problem), **({'msg': plain(problem)} if problem else {}))
        return result


def compiled(text: str):
    """Return the JMESPath expression, ready to search with."""
    if jmespath is None:
        raise refusal(
            f'expect needs the Python library jmespath on the controller; install it with: {sys.executable} -m pip install jmespath')
    try:
        return jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise refusal(f'expect has an expression that is not JMESPath: {text}: {str(error).splitlines()[0]}') from None


def judge(result: dict, expressions: list) -> str:
    """Return what is wrong with the result, or nothing. Without expectations the status has to be Success."""
    if not expressions and result['status'] != 'Success':
        return f'The callout ended with {result["status"]}: {result.get("defect") or result.get("message") or "the driver gives no message"}'
    # Results of a controller newer than 2.18 carry tags, which JMESPath's type checks do not know.
    plain = json.loads(json.dumps(result, default=str))
    problems = [problem for problem in (_problem(expression, plain) for expression in expressions) if problem]
    return '; '.join(problems)


def _problem(expression, result: dict) -> str:
    try:
        value = expression.search(result)
    except jmespath.exceptions.JMESPathError as error:
        return f'expected {expression.expression}, which cannot be evaluated: {str(error).splitlines()[0]}'
    # What JMESPath calls false; 0 is not.
    if value is None or value is False or value in ('', [], {}):
        seen = ', '.join(f'{name} = {json.dumps(result[name])}' for name in sorted(_fields(expression.parsed)) if name in result)
        return f'expected {expression.expression}, saw {seen or json.dumps(value)}'
    return ''


def _fields(node: dict) -> set:
    """Return the names of all fields in a parsed expression."""
    own = {node['value']} if node['type'] == 'field' else set()
    return own.union(*(_fields(child) for child in node['children'] if isinstance(child, dict)))
