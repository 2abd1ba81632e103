# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what the module conformance found: a table for people, JUnit XML for machines."""

from __future__ import annotations

import pathlib
import re
from xml.etree import ElementTree

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

MARKS = {'passed': 'ok', 'failed': 'FAILED', 'left out': '-'}
COLOURS = {'failed': 'red', 'left out': 'cyan'}
# What XML 1.0 cannot hold, not even escaped.
NO_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class ActionModule(ActionBase):
    """Run the module, print the table and write the report."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result."""
        super().run(tmp, task_vars)
        arguments = self._task.args
        junit_dir = arguments.get('junit_dir')
        result = self._execute_module(module_name='nodeops.flexvolume.conformance', module_args=arguments, task_vars=task_vars)
        host = task_vars['inventory_hostname']
        results = result.get('drivers', [])
        for line, outcome in table(host, results):
            Display().display(line, color=COLOURS.get(outcome))
        if junit_dir and results and not self._task.check_mode:
            result['junit'] = write(pathlib.Path(junit_dir), host, results, bool(arguments.get('strict')))
        return result


def table(host: str, results: list) -> list:
    """Return the lines of the table, each with the outcome that gives it its colour."""
    lines = []
    for result in results:
        lines.append((f'{host}: {result["name"]}, {result["seconds"]:.1f} s', 'passed' if result['passed'] else 'failed'))
        for check in result['checks']:
            evidence = ' '.join(check['evidence'].split())
            mark = MARKS[check['outcome']]
            lines.append((f'  {check["number"]}  {mark:6}  {check["level"]:6}  {check["title"]}{": " + evidence if evidence else ""}', check['outcome']))
            if check['outcome'] == 'failed':
                lines.append((f'  {"":21}{check["advice"]}', 'failed'))
    return lines


def write(directory: pathlib.Path, host: str, results: list, strict: bool) -> str:
    """Write the report of one host and return its path."""
    path = directory / f'flexvolume-conformance-{re.sub(r"[^A-Za-z0-9._-]", "_", host)}.xml'
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(junit(host, results, strict)).write(path, encoding='utf-8', xml_declaration=True)
    except OSError as error:
        raise AnsibleActionFail(f'The report {path} cannot be written: {error.strerror}; see to junit_dir.') from error
    return str(path)


def junit(host: str, results: list, strict: bool) -> ElementTree.Element:
    """Return the results as JUnit XML; a SHOULD that failed is a failure only if C(strict), else it is written to its system-out."""
    root = ElementTree.Element('testsuites')
    for result in results:
        cases = [_case(host, result['name'], check, strict) for check in result['checks']]
        suite = ElementTree.SubElement(root, 'testsuite', {
            'name': f'{result["name"]} on {host}', 'hostname': host, 'time': str(result['seconds']), 'tests': str(len(cases)), 'errors': '0',
            'failures': str(sum(case.find('failure') is not None for case in cases)),
            'skipped': str(sum(case.find('skipped') is not None for case in cases)),
        })
        suite.extend(cases)
    return root


def _case(host: str, driver: str, check: dict, strict: bool) -> ElementTree.Element:
    case = ElementTree.Element('testcase', {'classname': f'{host}.{driver}', 'name': f'{check["number"]} {check["title"]} ({check["level"]})'})
    evidence = NO_XML.sub('\ufffd', check['evidence'])
    if check['outcome'] == 'left out':
        ElementTree.SubElement(case, 'skipped', {'message': evidence})
    elif check['outcome'] == 'failed' and (strict or check['level'] == 'MUST'):
        ElementTree.SubElement(case, 'failure', {'message': evidence, 'type': check['level']}).text = check['advice']
    elif evidence:
        ElementTree.SubElement(case, 'system-out').text = f'{check["outcome"]}: {evidence}'
    return case
