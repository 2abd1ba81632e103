# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as files: fleet.json for programs, JUnit XML for CI servers, and what validate wrote before, read back."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
from xml.etree import ElementTree

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.presented import REASON, in_xml

from . import _fleet, _fleet_page

JSON, JUNIT, PAGE = 'fleet.json', 'flexvolume-troubles.xml', 'index.html'


def write(directory: pathlib.Path, fleet: dict) -> dict:
    """Write the files, each whole or not at all, and return their paths by what they are; raise OSError where that fails."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {JSON: json.dumps(fleet, indent=1) + '\n', JUNIT: junit(fleet), PAGE: _fleet_page.render(fleet)}
    for name, text in texts.items():
        # Another run may be writing its own.
        new = directory / f'.{name}.{os.getpid()}'
        try:
            new.write_text(text, encoding='utf-8')
            os.replace(new, directory / name)
        finally:
            new.unlink(missing_ok=True)
    return {'json': str(directory / JSON), 'junit': str(directory / JUNIT), 'page': str(directory / PAGE)}


def junit(fleet: dict) -> str:
    """Return JUnit XML: a suite a node, a case a trouble, and one that passes for a node without any."""
    root = ElementTree.Element('testsuites')
    for node in fleet['nodes']:
        cases = [_case(node['name'], trouble) for trouble in node['troubles']] or [_whole(node)]
        count = {kind: str(sum(case.find(kind) is not None for case in cases)) for kind in ('failure', 'error')}
        suite = ElementTree.SubElement(root, 'testsuite', {
            'name': f'FlexVolume on {in_xml(node["name"])}', 'hostname': in_xml(node['name']), 'timestamp': fleet['made'].rstrip('Z'),
            'tests': str(len(cases)), 'failures': count['failure'], 'errors': count['error'], 'skipped': '0', 'time': '0'})
        suite.extend(cases)
    return ElementTree.tostring(root, encoding='unicode', xml_declaration=True) + '\n'


def conformance(directory: pathlib.Path) -> dict:
    """Return what validate found, by node, from the reports that it left in the directory; a file that is no report of its is passed over."""
    found: dict = {}
    for path in sorted(directory.glob('flexvolume-conformance-*.xml')):
        try:
            suites = ElementTree.parse(path).getroot().findall('testsuite')
            made = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
        except (OSError, ElementTree.ParseError):
            continue
        for suite in suites:
            node = suite.get('hostname', '')
            failed = [{'check': case.get('name', ''), 'evidence': failure.get('message', ''), 'advice': failure.text or ''}
                      for case in suite.findall('testcase') for failure in case.findall('failure')]
            skipped = [(case.get('name', ''), each.get('message', '')) for case in suite.findall('testcase') for each in case.findall('skipped')]
            waived = [{'check': check, 'reason': message[len(REASON):]} for check, message in skipped if message.startswith(REASON)]
            found.setdefault(node, []).append({
                'driver': suite.get('name', '').removesuffix(f' on {node}'), 'tests': len(suite.findall('testcase')), 'failed': failed,
                'waived': waived, 'left_out': len(skipped) - len(waived), 'made': made})
    return found


def _case(node: str, trouble: dict) -> ElementTree.Element:
    name = f'{_fleet.title(trouble["trouble"])}: {trouble["driver"] or trouble["where"]}'
    case = ElementTree.Element('testcase', {'classname': in_xml(f'{node}.{trouble["trouble"]}'), 'name': in_xml(name)})
    ElementTree.SubElement(case, 'failure', {'type': trouble['trouble'], 'message': in_xml(trouble['what'])}).text = in_xml(trouble['advice'])
    return case


def _whole(node: dict) -> ElementTree.Element:
    case = ElementTree.Element('testcase', {'classname': in_xml(node['name']), 'name': 'No trouble'})
    if node['state'] != _fleet.HEALTHY:
        ElementTree.SubElement(case, 'error', {'type': node['state'], 'message': in_xml(node['message'])})
    return case
