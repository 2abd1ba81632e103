# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show what the nodes of a play said of themselves: a screen for people, a page for their managers, files for programs."""

from __future__ import annotations

import pathlib
import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import iso
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet, _fleet_files, _fleet_screen
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import refuse_set_by_node
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._refusal import refusal


class ActionModule(ActionBase):
    """Put the results of an earlier task together. It runs once, and on no node."""

    BYPASS_HOST_LOOP = True

    def run(self, tmp=None, task_vars=None):
        """Return the summary, failed where something is wrong anywhere, so that the playbook's exit status says so."""
        super().run(tmp, task_vars)
        refuse_set_by_node(task_vars)
        _validation, options = self.validate_argument_spec(argument_spec=dict(
            results=dict(type='str', required=True), report_dir=dict(type='path'), junit_dir=dict(type='path')))
        report_dir, junit_dir = options['report_dir'], options['junit_dir'] or options['report_dir']
        tests = _fleet_files.conformance(pathlib.Path(junit_dir)) if junit_dir else {}
        fleet = _fleet.assemble(_registered(options['results'], task_vars), iso(time.time()), tests)
        display = Display()
        for line, colour in _fleet_screen.lines(fleet, display.columns):
            display.display(line, color=colour)
        verdict = _fleet.verdict(fleet)
        result = dict(changed=False, failed=bool(verdict), msg=verdict or 'All is well.', summary=fleet['summary'])
        if report_dir and not self._task.check_mode:
            result['report'] = _write(report_dir, fleet)
            display.display(f'\nThe page: {pathlib.Path(result["report"]["page"]).resolve()}')
        return result


def _registered(variable: str, task_vars: dict) -> dict:
    """Return what each host of the play has under that variable, None where it has nothing."""
    return {host: task_vars['hostvars'].raw_get(host).get(variable) for host in task_vars['ansible_play_hosts_all']}


def _write(report_dir: str, fleet: dict) -> dict:
    try:
        return _fleet_files.write(pathlib.Path(report_dir), fleet)
    except OSError as error:
        raise refusal(f'The report cannot be written to {report_dir}: {error.strerror}; see to flexvolume_report_dir.') from None
