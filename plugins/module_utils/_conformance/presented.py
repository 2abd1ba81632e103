# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a driver, as a table for people and as JUnit XML for machines.

A driver's result is a dict of its name, whether it passed, the seconds that this took, and its checks, each the dict of a Check.
"""

import re
from xml.etree import ElementTree

from .._outcome import plain
from .report import FAILED, LEFT_OUT, MUST, PASSED

WAIVED = 'waived'
MARKS = {PASSED: 'ok', FAILED: 'FAILED', WAIVED: 'waived', LEFT_OUT: '-'}
# It passes for less where the driver ran on the node itself, which its evidence then says.
LIMITED = 805
# How a report begins what it says of a check that was waived.
REASON = 'waived: '
# What XML 1.0 cannot hold, not even escaped.
NO_XML = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


def in_xml(text: str) -> str:
    """Return the text as XML can hold it."""
    return NO_XML.sub('\ufffd', text)


def outcome_of(check: dict) -> str:
    """Return what came of a check, C(waived) where its failure does not count."""
    return WAIVED if check['outcome'] == FAILED and check['waived'] else check['outcome']


def counts(driver: dict) -> dict:
    """Return how many checks came out how."""
    return {outcome: sum(outcome_of(check) == outcome for check in driver['checks']) for outcome in MARKS}


def table(driver: dict, every: bool) -> list:
    """Return the lines for one driver: how many checks came out how, then each that failed, was waived, left out or limited, or with C(every) all."""
    summary = ', '.join(f'{number} {outcome}' for outcome, number in counts(driver).items() if number)
    lines = [f'{driver["name"]}: {"passed" if driver["passed"] else "FAILED"} ({summary}), {driver["seconds"]:.1f} s']
    left_out = {}
    for check in driver['checks']:
        # Evidence repeats what a driver says, and the names of what it leaves.
        outcome, evidence = outcome_of(check), plain(check['evidence'])
        if outcome == LEFT_OUT and not every:
            left_out.setdefault(evidence, []).append(str(check['number']))
        elif outcome != PASSED or every or (check['number'] == LIMITED and evidence):
            lines.append(f'  {check["number"]}  {MARKS[outcome]:6}  {check["level"]:6}  {check["title"]}{": " + evidence if evidence else ""}')
        if outcome == FAILED:
            lines.append(f'  {"":21}{check["advice"]}')
        if outcome == WAIVED:
            lines.append(f'  {"":21}waived: {check["waived"]}')
    return lines + [f'  left out, {reason}: {" ".join(numbers)}' for reason, numbers in left_out.items()]


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
    name = in_xml(f'{check["number"]} {check["title"]} ({check["level"]})')
    case = ElementTree.Element('testcase', {'classname': f'{host}.{driver}', 'name': name})
    evidence, outcome = in_xml(check['evidence']), outcome_of(check)
    if outcome == LEFT_OUT:
        ElementTree.SubElement(case, 'skipped', {'message': evidence})
    elif outcome == WAIVED:
        ElementTree.SubElement(case, 'skipped', {'message': in_xml(f'{REASON}{check["waived"]} ({check["evidence"]})')})
    elif outcome == FAILED and (strict or check['level'] == MUST):
        told = in_xml('\n'.join(filter(None, (check['advice'], check['callout']))))
        ElementTree.SubElement(case, 'failure', {'message': evidence, 'type': check['level']}).text = told
    elif evidence:
        ElementTree.SubElement(case, 'system-out').text = f'{outcome}: {evidence}'
    return case
