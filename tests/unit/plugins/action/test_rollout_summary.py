# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

from ansible_collections.nodeops.flexvolume.plugins.action import rollout_summary


def test_each_node_is_counted_and_each_distinct_failure_is_told_once_with_its_nodes():
    found = {
        'n1': {'changed': True, 'warnings': ['This node has no kubelet.']}, 'n2': {'changed': False, 'warnings': ['This node has no kubelet.']},
        'n3': {'failed': True, 'msg': '2 mounts lie on /tmp/check-0f3a55cc/x of n3. Mend it. Then go on.'},
        'n4': {'failed': True, 'changed': True, 'msg': '3 mounts lie on /tmp/check-91aa0b27/x of n4. Mend it.'},
        'n5': {'unreachable': True, 'msg': 'Task failed: Data could not be sent. Make sure: ssh: connect to host 10.0.0.5:\r\nNo route to host\r\n'},
        'n6': None,
    }
    assert rollout_summary.lines(found) == [
        '6 nodes: 1 changed, 1 unchanged, 2 failed, 1 unreachable, 1 not reached.',
        'n1, n2 warned: This node has no kubelet.',
        'n3, n4 failed: 2 mounts lie on /tmp/check-0f3a55cc/x of HOST.',
        'n5 unreachable: Data could not be sent. Make sure: ssh: connect to host 10.0.0.5: No route to host',
        'n6 not reached: the rollout ended before them, and nothing was changed there.',
    ]


def test_only_the_name_of_a_node_is_taken_for_one():
    found = {'node': {'warnings': ['This node has no kubelet.']}, 'a': {'failed': True, 'msg': 'a took a break. Wait.'}}
    assert rollout_summary.lines(found)[1:] == ['node warned: This node has no kubelet.', 'a failed: a took a break.']


def test_nodes_that_say_the_same_of_themselves_are_named_once():
    found = {name: {'failed': True, 'msg': f'node-{name}: no route to {name}.example.com, says {name}.'} for name in ('a', 'b')}
    assert rollout_summary.lines(found)[1:] == [
        'a failed: node-a: no route to a.example.com, says a.', 'b failed: node-b: no route to b.example.com, says b.']
    found = {name: {'failed': True, 'msg': f'No route to {name}.'} for name in ('node-1', 'node-2')}
    assert rollout_summary.lines(found)[1:] == ['node-1, node-2 failed: No route to HOST.']


def test_which_python_ansible_found_is_no_news_of_the_rollout():
    warning = "Host 'n1' is using the discovered Python interpreter at '/usr/bin/python3.11', but future installation of another could cause a different one."
    assert len(rollout_summary.lines({'n1': {'warnings': [warning]}})) == 1


def test_a_long_list_of_nodes_that_were_not_reached_is_cut():
    found = {'n1': {'failed': True}, **{f'm{number}': None for number in range(198)}}
    assert rollout_summary.lines(found)[-1] == (
        'm0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 188 more not reached: the rollout ended before them, and nothing was changed there.')


def test_one_node():
    assert rollout_summary.lines({'n1': {'changed': True}}) == ['1 node: 1 changed, 0 unchanged, 0 failed, 0 unreachable, 0 not reached.']


def test_check_mode_says_what_it_cannot_show():
    assert rollout_summary.lines({'n1': {'changed': True}}, checked=True)[1:] == [rollout_summary.UNTRIED]
    assert len(rollout_summary.lines({'n1': {'changed': False}}, checked=True)) == 1


def test_localhost_counts_only_where_it_was_a_node(mocker):
    hostvars = {'localhost': {}, 'n1': {'flexvolume_outcome': {'changed': True}}}
    action = rollout_summary.ActionModule(mocker.Mock(async_val=0), *[mocker.Mock() for _argument in range(5)])
    mocker.patch.object(rollout_summary.ActionBase, 'run', return_value={})
    result = action.run(task_vars={'hostvars': hostvars, 'ansible_play_hosts_all': list(hostvars)})
    assert result['msg'][0].startswith('1 node:') and result['_ansible_verbose_always'] is True
    hostvars['localhost'] = {'flexvolume_outcome': {'changed': False}}
    assert action.run(task_vars={'hostvars': hostvars, 'ansible_play_hosts_all': list(hostvars)})['msg'][0].startswith('2 nodes:')


def test_the_summary_in_the_guide_is_what_its_rollout_ends_with():
    """Batches of 1, 10 and 25% of 200 nodes; two of the second batch failed."""
    guide = (pathlib.Path(__file__).parents[4] / 'docs/docsite/rst/running.rst').read_text(encoding='utf-8')
    shown = re.search(r'^( {4}200 nodes: .*\n(?: {4}.*\n)*)', guide, re.MULTILINE)[1].splitlines()
    found = {f'node-{number}': {'changed': True} if number <= 11 else None for number in range(1, 201)}
    found['node-4'] = {'changed': True, 'warnings': [
        'This node has no kubelet, neither running nor installed, so nothing will use what is deployed to it: leave it out.']}
    failed = {'failed': True, 'msg': 'The plugin dir /opt/plugins lies on /opt, which is mounted read-only: give the kubelet a --volume-plugin-dir.'}
    found.update({'node-10': failed, 'node-11': failed})
    for line, told in zip(shown, rollout_summary.lines(found), strict=True):
        assert re.fullmatch('.*'.join(map(re.escape, line.strip().split('...'))), told)


def test_a_word_of_any_length_costs_no_more_than_its_letters():
    word = 'g' * 300000
    assert rollout_summary.lines({'n1': {'failed': True, 'msg': word}})[1:] == [f'n1 failed: {word}']
