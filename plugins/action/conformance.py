# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what the module conformance found: a table for people, JUnit XML for machines."""

from __future__ import annotations

import pathlib
import re
from xml.etree import ElementTree

from ansible.utils.display import Display

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import presented
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import FAILED, LEFT_OUT, MUST, PASSED, SHOULD
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers, _shape
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal

# What is shown and written of the module's result.
TEXTS = dict.fromkeys(('title', 'evidence', 'advice', 'callout', 'waived'), str)
RESULTS = [{'name': str, 'passed': bool, 'seconds': _shape.is_number, 'checks': [dict(
    TEXTS, number=_shape.is_number, level=re.compile(f'{MUST}|{SHOULD}'), outcome=re.compile(f'{PASSED}|{FAILED}|{LEFT_OUT}'))]}]


class ActionModule(DriverReader):
    """Run the module, add the table and write the reports."""

    def run(self, tmp=None, task_vars=None):
        """Return the module's result with the table, and without the checks that did not fail: of ten drivers that were a line of 120,000 characters."""
        super().run(tmp, task_vars)
        listed = self._read(dict(drivers=drivers.DRIVERS), 'nodeops.flexvolume.conformance')['drivers']
        arguments = self._task.args
        junit_dir = arguments.get('junit_dir')
        result = self._execute_module(module_name='nodeops.flexvolume.conformance', module_args=arguments, task_vars=task_vars)
        _answers.received(result)
        if self._task.no_log and result.get('failed'):
            # From ansible-core 2.19 on, the message of a failure is shown all the same, and evidence may repeat an option.
            result.update(msg='The conformance checks failed; no_log hides which.', exception=None)
        results = result.get('drivers', [])
        if not results:
            return result
        if not _shape.fits(results, RESULTS) or {driver['name'] for driver in results} - {str(driver['name']) for driver in listed}:
            # The name is part of a report's, which could be that of another node.
            raise refusal('The node answered what the conformance suite never says, or of a driver that is not in the list, so nothing of that is shown or '
                          'written: see who else is at work on it.')
        if junit_dir and not self._task.check_mode:
            # The one that was judged, not the one for which that was done.
            host = self._task.delegate_to or task_vars['inventory_hostname']
            result['junit'] = [write(pathlib.Path(junit_dir), host, driver, bool(arguments.get('strict'))) for driver in results]
        return dict(
            result, drivers=[trimmed(driver) for driver in results], _ansible_verbose_always=True,
            table=[line for driver in results for line in presented.table(driver, every=Display().verbosity > 0)])


def trimmed(driver: dict) -> dict:
    """Return a driver's result with the number of checks by outcome, and of the checks themselves those that failed, waived or not."""
    return dict(driver, counts=presented.counts(driver), checks=[check for check in driver['checks'] if check['outcome'] == 'failed'])


def write(directory: pathlib.Path, host: str, driver: dict, strict: bool) -> str:
    """Write the report of one driver on one host and return its path; each has a file of its own, so that neither loop nor host overwrites another's."""
    path = directory / f'flexvolume-conformance-{_word(host)}-{_word(driver["name"].replace("/", "~"))}.xml'
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(presented.junit(host, driver, strict)).write(path, encoding='utf-8', xml_declaration=True)
    except OSError as error:
        raise refusal(f'The report {path} cannot be written: {error.strerror}; see to junit_dir.') from None
    return str(path)


def _word(text: str) -> str:
    return re.sub(r'[^A-Za-z0-9.~_-]', '_', text)
