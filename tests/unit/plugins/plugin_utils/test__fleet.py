# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
import pathlib
import re

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import troubles
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated

UNREACHABLE = {'unreachable': True, 'msg': 'ssh: connect to host n9: no route'}


def fleet(**results):
    return _fleet.assemble({name.replace('_', '-'): result for name, result in results.items()}, _simulated.MADE)


def node(number=1, **changes):
    facts = _simulated.healthy(number)
    facts['drivers'][0].update(changes)
    return _simulated.judged(facts)


def failing(number=1, defect='it printed nothing.'):
    return node(number, init={'status': 'Failure', 'seconds': 0.01, 'timed_out': False, 'defect': defect})


def test_a_healthy_fleet():
    found = fleet(n1=node(), n2=node(2))
    assert found['summary'] == {'nodes': 2, 'healthy': 2, 'troubled': 0, 'failed': 0, 'unreachable': 0, 'troubles': 0}
    assert (found['troubles'], found['out_of_reach'], _fleet.verdict(found)) == ([], [], '')


def test_the_same_trouble_stands_once_with_its_nodes():
    found = fleet(n10=failing(1), n2=failing(2), n3=node(3, touch_timer={'unit': 'a.timer', 'active': False, 'failing': False}), n4=node(4))
    assert [(group['trouble'], group['driver'], group['nodes']) for group in found['troubles']] == [
        ('init_fails', 'nodeops/dynhostpath', ['n2', 'n10']), ('timer_asleep', 'nodeops/dynhostpath', ['n3'])]
    assert [case['nodes'] for case in found['troubles'][0]['cases']] == [['n2', 'n10']]
    assert [node['name'] for node in found['nodes']] == ['n2', 'n3', 'n10', 'n4']
    assert _fleet.verdict(found) == 'Of 4 nodes 3 with troubles.'


def test_cases_of_one_trouble_differ_in_what_to_do():
    found = fleet(n1=node(1, unsafe=['/a']), n2=node(2, unsafe=['/b']), n3=node(3, unsafe=['/a']))
    assert [(case['where'], case['nodes']) for case in found['troubles'][0]['cases']] == [('/a', ['n1', 'n3']), ('/b', ['n2'])]


def test_nodes_that_did_not_answer_are_lines_with_their_reason_once():
    found = fleet(n9=UNREACHABLE, n8=dict(UNREACHABLE, msg='ssh: connect to host n8: no route'), n7={'failed': True, 'msg': 'No Python.'}, n6=None, n5={})
    assert {node['name']: node['state'] for node in found['nodes']} == {
        'n5': 'failed', 'n6': 'failed', 'n7': 'failed', 'n8': 'unreachable', 'n9': 'unreachable'}
    assert {'state': 'unreachable', 'reason': 'ssh: connect to host …: no route', 'nodes': ['n8', 'n9']} in found['out_of_reach']
    assert _fleet.verdict(found) == 'Of 5 nodes 3 could not be examined, 2 could not be reached.'


def test_what_one_node_alone_says_is_not_changed_whatever_it_is_called():
    found = fleet(node={'failed': True, 'msg': 'This node has no Python.'})
    assert found['out_of_reach'][0]['reason'] == 'This node has no Python.'


def test_the_version_that_a_replacement_left_behind_is_the_older_one():
    new, old, odd = {'sha256': 'c' * 64, 'previous_sha256': 'a' * 64}, {'sha256': 'a' * 64, 'previous_sha256': None}, {'sha256': 'b' * 64}
    found = fleet(n1=node(1, **new), n2=node(2, **old), n3=node(3, **old), n4=node(4, **odd), n5=node(5, sha256=None))
    assert [(version['sha256'], version['standing'], version['nodes']) for version in found['drivers'][0]['versions']] == [
        ('c' * 64, 'current', ['n1']), ('b' * 64, 'other', ['n4']), ('a' * 64, 'older', ['n2', 'n3']), (None, 'missing', ['n5'])]


@pytest.mark.parametrize('names, shown', [
    (['node-1', 'node-2', 'node-3', 'node-10'], ['node-[1-3]', 'node-10']),
    (['a2', 'a1', 'b', 'a3', 'a4'], ['a[1-4]', 'b']),
    (['n08', 'n09', 'n10', 'n11'], ['n[08-11]']),
    (['n9', 'n10', 'n11'], ['n9', 'n10', 'n11']),
    (['x'], ['x']),
    ([], []),
])
def test_runs_of_names_are_drawn_together(names, shown):
    assert _fleet.ranges(names) == shown


def test_only_what_is_in_the_list_and_curable_is_deployed_again():
    drivers = [{'name': 'a/a'}, {'name': 'b/b', 'state': 'absent'}, {'name': 'c/c', 'state': 'previous'}, {'name': 'd/d', 'state': 'present'}, {'name': 'e/e'}]
    sick = [{'trouble': 'init_fails', 'driver': name} for name in ('a/a', 'b/b', 'c/c', 'somebody/else')]
    sick += [{'trouble': 'timer_asleep', 'driver': 'd/d'}, {'trouble': 'init_slow', 'driver': 'e/e'}, {'trouble': 'unsafe', 'driver': None}]
    assert [driver['name'] for driver in _fleet.curable(sick, drivers)] == ['a/a', 'd/d']


def test_every_trouble_has_a_title():
    named = set(re.findall(r"_trouble\('(\w+)'", inspect.getsource(troubles)))
    assert named == set(_fleet.TITLES)
    assert set(_fleet.CURABLE) <= named


def test_every_trouble_is_explained():
    text = (pathlib.Path(__file__).parents[4] / 'docs/docsite/rst/troubles.rst').read_text(encoding='utf-8')
    assert re.findall(r'^(\w+)\n-+$', text, re.MULTILINE) == list(_fleet.TITLES)


@pytest.mark.parametrize('changes', [
    {'name': None}, {'sha256': '\x1b[2J'}, {'mtime': 'yesterday'}, {'mtime': '2026-99-25T14:41:05Z'}, {'pods': 'all'},
    {'volumes': {'count': '1', 'oldest': None}}, {'init': {'defect': None, 'seconds': float('inf')}}, {'touch_timer': 'active'},
])
def test_a_node_that_answers_what_no_module_does_spoils_nothing(changes):
    lying = _simulated.healthy()
    lying['drivers'][0].update(changes)
    found = fleet(n1=dict(lying, troubles=[]), n2=node(2))
    assert {each['name']: each['state'] for each in found['nodes']} == {'n1': 'failed', 'n2': 'healthy'}
    assert found['out_of_reach'][0]['reason'] == _fleet.MISSHAPEN


def test_what_is_no_number_to_json_stands_nowhere():
    assert fleet(n1=dict(node(), inotify={'instances': float('nan')}))['nodes'][0]['inotify'] == {'instances': None}
