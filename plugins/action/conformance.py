# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what the module conformance found: a table for people, JUnit XML for machines."""

from __future__ import annotations

import pathlib
import re
from xml.etree import ElementTree

from ansible.utils.display import Display

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

MARKS = {'passed': 'ok', 'failed': 'FAILED', 'waived': 'waived', 'left out': '-'}
# What XML 1.0 cannot hold, not even escaped.
NO_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class ActionModule(DriverReader):
    """Run the module, add the table and write the reports."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result with the table, and without the checks that did not fail: of ten drivers that were a line of 120,000 characters."""
        super().run(tmp, task_vars)
        self._read(dict(drivers=drivers.DRIVERS), 'nodeops.flexvolume.conformance')
        arguments = self._task.args
        junit_dir = arguments.get('junit_dir')
        result = self._execute_module(module_name='nodeops.flexvolume.conformance', module_args=arguments, task_vars=task_vars)
        _answers.explain(result)
        results = result.get('drivers', [])
        if not results:
            return result
        if junit_dir and not self._task.check_mode:
            # The one that was judged, not the one for which that was done.
            host = self._task.delegate_to or task_vars['inventory_hostname']
            result['junit'] = [write(pathlib.Path(junit_dir), host, driver, bool(arguments.get('strict'))) for driver in results]
        return dict(
            result, drivers=[trimmed(driver) for driver in results], _ansible_verbose_always=True,
            table=[line for driver in results for line in table(driver, every=Display().verbosity > 0)])


def outcome_of(check: dict) -> str:
    """Return what came of a check, C(waived) where its failure does not count."""
    return 'waived' if check['outcome'] == 'failed' and check['waived'] else check['outcome']


def trimmed(driver: dict) -> dict:
    """Return a driver's result with the number of checks by outcome, and of the checks themselves those that failed, waived or not."""
    counts = {outcome: sum(outcome_of(check) == outcome for check in driver['checks']) for outcome in MARKS}
    return dict(driver, counts=counts, checks=[check for check in driver['checks'] if check['outcome'] == 'failed'])


def table(driver: dict, every: bool) -> list:
    """Return the lines for one driver: how many checks came out how, then each that failed, was waived or left out, or with C(every) all."""
    counts = ', '.join(f'{number} {outcome}' for outcome, number in trimmed(driver)['counts'].items() if number)
    lines = [f'{driver["name"]}: {"passed" if driver["passed"] else "FAILED"} ({counts}), {driver["seconds"]:.1f} s']
    left_out: dict = {}
    for check in driver['checks']:
        outcome, evidence = outcome_of(check), ' '.join(check['evidence'].split())
        if outcome == 'left out' and not every:
            left_out.setdefault(evidence, []).append(str(check['number']))
        elif outcome != 'passed' or every:
            lines.append(f'  {check["number"]}  {MARKS[outcome]:6}  {check["level"]:6}  {check["title"]}{": " + evidence if evidence else ""}')
        if outcome == 'failed':
            lines.append(f'  {"":21}{check["advice"]}')
        if outcome == 'waived':
            lines.append(f'  {"":21}waived: {check["waived"]}')
    return lines + [f'  left out, {reason}: {" ".join(numbers)}' for reason, numbers in left_out.items()]


def write(directory: pathlib.Path, host: str, driver: dict, strict: bool) -> str:
    """Write the report of one driver on one host and return its path; each has a file of its own, so that neither loop nor host overwrites another's."""
    path = directory / f'flexvolume-conformance-{_word(host)}-{_word(driver["name"].replace("/", "~"))}.xml'
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(junit(host, driver, strict)).write(path, encoding='utf-8', xml_declaration=True)
    except OSError as error:
        raise refusal(f'The report {path} cannot be written: {error.strerror}; see to junit_dir.') from None
    return str(path)


def _word(text: str) -> str:
    return re.sub(r'[^A-Za-z0-9.~_-]', '_', text)


def junit(host: str, driver: dict, strict: bool) -> ElementTree.Element:
    """Return the result as JUnit XML; a SHOULD that failed is a failure only if C(strict), else it is written to its system-out."""
    root = ElementTree.Element('testsuites')
    cases = [_case(host, driver['name'], check, strict) for check in driver['checks']]
    suite = ElementTree.SubElement(root, 'testsuite', {
        'name': f'{driver["name"]} on {host}', 'hostname': host, 'time': str(driver['seconds']), 'tests': str(len(cases)), 'errors': '0',
        'failures': str(sum(case.find('failure') is not None for case in cases)),
        'skipped': str(sum(case.find('skipped') is not None for case in cases)),
    })
    suite.extend(cases)
    return root


def _case(host: str, driver: str, check: dict, strict: bool) -> ElementTree.Element:
    case = ElementTree.Element('testcase', {'classname': f'{host}.{driver}', 'name': f'{check["number"]} {check["title"]} ({check["level"]})'})
    evidence, outcome = NO_XML.sub('\ufffd', check['evidence']), outcome_of(check)
    if outcome == 'left out':
        ElementTree.SubElement(case, 'skipped', {'message': evidence})
    elif outcome == 'waived':
        ElementTree.SubElement(case, 'skipped', {'message': NO_XML.sub('\ufffd', f'waived: {check["waived"]} ({check["evidence"]})')})
    elif outcome == 'failed' and (strict or check['level'] == 'MUST'):
        told = NO_XML.sub('\ufffd', '\n'.join(filter(None, (check['advice'], check['callout']))))
        ElementTree.SubElement(case, 'failure', {'message': evidence, 'type': check['level']}).text = told
    elif evidence:
        ElementTree.SubElement(case, 'system-out').text = f'{outcome}: {evidence}'
    return case
