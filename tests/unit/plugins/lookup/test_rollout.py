# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible import context
from ansible.errors import AnsibleLookupError

from ansible_collections.nodeops.flexvolume.plugins.lookup import rollout


@pytest.fixture
def look(mocker):
    """Return what looks something up in an inventory of hosts and their variables; its C(warnings) are the sentences that a user sees."""
    def act(term, given=None, inventory=None, limited_to=(), back=False, extra=None, **cli):
        mocker.patch.object(context, 'CLIARGS', cli)
        mocker.patch.object(rollout, 'lookup_loader').get.return_value.run.side_effect = lambda patterns, variables: [
            host for host in inventory if patterns[0] in ('all', host)]
        display = mocker.patch.object(rollout, 'Display')
        lookup = rollout.LookupModule()
        mocker.patch.object(lookup, 'set_options')
        mocker.patch.object(lookup, 'get_option', side_effect={'given': given, 'back': back}.get)
        found = lookup.run([term], {
            **(extra or {}), 'groups': {'all': list(inventory or {})}, 'hostvars': inventory, 'ansible_play_hosts_all': list(limited_to)})
        act.warnings = [call.args[0] for call in display.return_value.warning.call_args_list]
        return found

    return act


@pytest.mark.parametrize('given, sizes', [
    ([1, '100%'], ['1', '100%']), ('[1,1]', ['1', '1']), ('[1, "30%"]', ['1', '30%']), ("['1', '30%']", ['1', '30%']), ('1, 10,100%', ['1', '10', '100%']),
    (3, ['3']), ('3', ['3']), ('25%', ['25%']),
])
def test_batches_come_as_a_list_a_number_json_or_words_between_commas(given, sizes):
    assert rollout.batches(given) == sizes


@pytest.mark.parametrize('given', ['first,rest', '0', 0, [], '', '1,,2', '-1', '1.5', [1, 'all'], '100 percent'])
def test_what_is_no_batch_is_refused_with_an_example(given):
    with pytest.raises(AnsibleLookupError, match='write for example 1,10,100%'):
        rollout.batches(given)


@pytest.mark.parametrize('given, inventory, pattern', [
    (None, {'n1': {}}, ['all']),
    (None, {'n1': {'flexvolume_hosts': 'n2'}, 'n2': {}}, ['n2']),
    ('n1', {'n1': {'flexvolume_hosts': 'n2'}, 'n2': {}}, ['n1']),
    (['n1'], {'n1': {}}, ['n1']),
    ('localhost', {'n1': {}}, ['localhost']),
])
def test_the_hosts_are_the_given_ones_else_those_of_the_inventory_else_all(look, given, inventory, pattern):
    assert look('hosts', given, inventory) == pattern


def test_the_batches_of_the_inventory(look):
    assert look('batches', None, {'n1': {'flexvolume_batches': '2,100%'}}) == ['2', '100%']
    assert look('batches', None, {'n1': {}}) == look('batches', '', {'n1': {}}) == ['1', '100%']
    with pytest.raises(AnsibleLookupError, match='flexvolume_batches is 0, but'):
        look('batches', None, {'n1': {'flexvolume_batches': 0}})


def test_an_inventory_that_says_two_things_is_refused(look):
    with pytest.raises(AnsibleLookupError, match='flexvolume_hosts is x for n1 and y for n2, but it holds for the whole rollout'):
        look('hosts', None, {'n1': {'flexvolume_hosts': 'x'}, 'n2': {'flexvolume_hosts': 'y'}})


@pytest.mark.parametrize('variables, complaint', [
    ({'flexvolume_state': 'absent'}, r'flexvolume_state is absent for n2, .* run nodeops\.flexvolume\.remove to withdraw'),
    ({'flexvolume_rollback': 'a/b'}, r'flexvolume_rollback is a/b for n2, but a deploy goes forward: run nodeops\.flexvolume\.rollback'),
    ({'flexvolume_max_unreachable': '10%'}, 'flexvolume_max_unreachable is 10%, but it is a number of nodes'),
    ({'flexvolume_max_unreachable': -1}, 'flexvolume_max_unreachable is -1, but'),
])
def test_what_a_rollout_would_pass_over_is_refused(look, variables, complaint):
    with pytest.raises(AnsibleLookupError, match=complaint):
        look('batches', '1,100%', {'n1': {}, 'n2': variables})


@pytest.mark.parametrize('variables', [{'flexvolume_state': 'present'}, {'flexvolume_max_unreachable': '3'}, {'flexvolume_max_unreachable': ''},
                                       {'flexvolume_rollback': ''}, {'flexvolume_rollback': []}])
def test_what_a_rollout_can_do_is_not_refused(look, variables):
    assert look('batches', '1,100%', {'n1': variables}) == ['1', '100%']


def test_what_goes_back_says_of_which_drivers(look):
    assert look('batches', '1', {'n1': {'flexvolume_rollback': 'a/b'}}, back=True) == ['1']


def test_what_is_no_rollout_may_withdraw(look):
    assert look('hosts', None, {'n1': {'flexvolume_state': 'absent'}}) == ['all']


def test_a_limit_that_leaves_nobody_is_refused(look):
    inventory = {'n1': {}, 'n2': {}}
    assert look('hosts', 'n1', inventory, ['n1'], subset='n1') == ['n1']
    with pytest.raises(AnsibleLookupError, match='flexvolume_hosts is n2, of which the limit n1 leaves none, so nothing would be done'):
        look('hosts', 'n2', inventory, ['n1'], subset='n1')


def test_a_limit_that_leaves_out_the_localhost_of_no_inventory_is_refused(look):
    with pytest.raises(AnsibleLookupError, match='The limit n1,n2 leaves out localhost, so nothing would be done: name it there too'):
        look('hosts', 'localhost', {'n1': {}}, subset='n1,n2')


@pytest.mark.parametrize('inventory, limit', [({'n1': {}}, 'n1,localhost'), ({'n1': {}}, '@failed.retry'), ({'localhost': {}}, 'all'), ({}, None)])
def test_a_localhost_that_a_limit_leaves_is_not_refused(look, inventory, limit):
    assert look('hosts', 'localhost', inventory, subset=limit) == ['localhost']


@pytest.mark.parametrize('inventory, complaint', [({}, 'The inventory has no hosts'), ({'n1': {}}, 'matches none of the 1 hosts')])
def test_a_rollout_to_nobody_is_refused(look, inventory, complaint):
    with pytest.raises(AnsibleLookupError, match=complaint):
        look('hosts', 'nosuch', inventory)


@pytest.mark.parametrize('listing', ['syntax', 'listhosts', 'listtasks', 'listtags'])
def test_what_only_lists_refuses_nothing(look, listing):
    assert look('hosts', None, {}, **{listing: True}) == ['all']


def test_variables_that_nothing_reads_are_named(look):
    look('hosts', None, {'n1': {'flexvolume_batchs': 1}, 'n2': {'flexvolume_drivers': []}})
    assert look.warnings == ['Nothing in nodeops.flexvolume reads the variable flexvolume_batchs: did you mean flexvolume_batches?']


def test_no_node_says_where_a_rollout_goes(look):
    with pytest.raises(AnsibleLookupError, match='The node n2 sets flexvolume_batches and flexvolume_hosts as facts of its own'):
        look('hosts', None, {'n1': {}, 'n2': {'flexvolume_hosts': 'n2', 'ansible_facts': {'flexvolume_hosts': 'n2', 'flexvolume_batches': 1}}})


def test_an_extra_variable_that_nothing_reads_is_named_where_no_inventory_was_read(look):
    look('hosts', 'localhost', None, extra={'flexvolume_bundl': 'x', 'flexvolume_bundle': 'y'})
    assert look.warnings == ['Nothing in nodeops.flexvolume reads the variable flexvolume_bundl: did you mean flexvolume_bundle?']
