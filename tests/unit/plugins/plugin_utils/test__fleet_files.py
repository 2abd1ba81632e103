# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from ansible_collections.nodeops.flexvolume.plugins.action import conformance
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet, _fleet_files, _fleet_page
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated

EVIL = '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\'&\x00\x1b\u2028\udce9'


class Elements(HTMLParser):
    """The elements of a page, and what stands in scripts."""

    def __init__(self):
        super().__init__()
        self.names, self.attributes, self.scripts, self.inside = [], [], [], False

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _value in attrs]
        self.inside = tag == 'script'

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)


def hostile():
    facts = _simulated.healthy()
    facts['drivers'][0].update(name=EVIL, init={'status': 'Failure', 'seconds': 0.1, 'timed_out': False, 'defect': EVIL}, pods=[EVIL], mode=EVIL, owner=EVIL)
    facts['kubelet'].update(version=EVIL, unit=EVIL)
    facts['plugin_dir'].update(path=EVIL, reason=EVIL)
    tests = {EVIL: [{'driver': EVIL, 'tests': 1, 'failed': [{'check': EVIL, 'evidence': EVIL, 'advice': EVIL}], 'left_out': 0, 'made': _simulated.MADE}]}
    return _fleet.assemble({EVIL: _simulated.judged(facts), EVIL + '2': {'failed': True, 'msg': EVIL}, EVIL + '3': {'unreachable': True, 'msg': EVIL}},
                           _simulated.MADE, tests)


def elements(page):
    parser = Elements()
    parser.feed(page)
    return parser


def test_nothing_that_a_node_says_becomes_an_element():
    evil, plain = elements(_fleet_page.render(hostile())), elements(_fleet_page.render(_fleet.assemble(_simulated.results(3), _simulated.MADE)))
    assert evil.names.count('script') == plain.names.count('script') == 2
    assert 'img' not in evil.names
    assert set(evil.attributes) <= set(plain.attributes) | {'title'}
    assert json.loads(evil.scripts[0])['nodes'][0]['name'] == EVIL.replace('\udce9', '?')


def test_the_page_needs_nothing_from_elsewhere():
    page = _fleet_page.render(_fleet.assemble(_simulated.results(3), _simulated.MADE))
    assert re.findall(r'(?:src|@import|url\()', re.sub(r'<meta[^>]*>', '', page)) == []
    assert "default-src 'none'" in page


def test_the_three_files(tmp_path):
    fleet = _fleet.assemble(_simulated.results(200), _simulated.MADE)
    paths = _fleet_files.write(tmp_path / 'new' / 'dir', fleet)
    assert json.loads((tmp_path / 'new/dir/fleet.json').read_text()) == json.loads(json.dumps(fleet))
    assert sorted(path.name for path in (tmp_path / 'new/dir').iterdir()) == ['fleet.json', 'flexvolume-troubles.xml', 'index.html']
    assert paths['page'].endswith('/index.html')


def test_two_runs_that_write_at_once_do_not_take_each_others_files(tmp_path, monkeypatch):
    fleet = _fleet.assemble(_simulated.results(1), _simulated.MADE)
    replace, pid = os.replace, os.getpid()

    def beside_another_run(source, target):
        monkeypatch.setattr(os, 'replace', replace)
        monkeypatch.setattr(os, 'getpid', lambda: pid + 1)
        _fleet_files.write(tmp_path, fleet)
        replace(source, target)

    monkeypatch.setattr(os, 'replace', beside_another_run)
    _fleet_files.write(tmp_path, fleet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['fleet.json', 'flexvolume-troubles.xml', 'index.html']


def test_junit_has_a_failure_a_trouble_and_an_error_for_whom_nobody_could_ask():
    root = ElementTree.fromstring(_fleet_files.junit(_fleet.assemble(_simulated.results(200), _simulated.MADE)))
    suites = root.findall('testsuite')
    assert len(suites) == 200
    assert sum(int(suite.get('failures')) for suite in suites) == 15
    assert sum(int(suite.get('errors')) for suite in suites) == 4
    assert sum(len(suite.findall('testcase/failure')) for suite in suites) == 15


def test_junit_of_hostile_nodes_is_xml():
    suites = ElementTree.fromstring(_fleet_files.junit(hostile())).findall('testsuite')
    assert '\x00' in EVIL and {suite.get('hostname')[:9] for suite in suites} == {'</script>'}


def test_what_validate_left_is_read_back(tmp_path):
    checks = [{'number': number, 'title': 'title', 'level': 'MUST', 'outcome': outcome, 'evidence': 'seen', 'advice': 'Do it.', 'waived': '', 'callout': ''}
              for number, outcome in ((101, 'passed'), (201, 'failed'), (301, 'left out'), (404, 'failed'))]
    checks[-1]['waived'] = 'on purpose'
    conformance.write(tmp_path, 'n1', {'name': 'a/b', 'passed': False, 'seconds': 1, 'checks': checks}, False)
    (tmp_path / 'flexvolume-conformance-broken.xml').write_text('<not xml')
    found = _fleet_files.conformance(tmp_path)
    assert list(found) == ['n1']
    assert {key: found['n1'][0][key] for key in ('driver', 'tests', 'left_out', 'waived', 'failed')} == {
        'driver': 'a/b', 'tests': 4, 'left_out': 1, 'waived': [{'check': '404 title (MUST)', 'reason': 'on purpose (seen)'}],
        'failed': [{'check': '201 title (MUST)', 'evidence': 'seen', 'advice': 'Do it.'}]}
