# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


def entry(name, state='present'):
    return dict(drivers.absent(name), state=state)


def test_each_driver_gets_its_parsed_name():
    assert [driver['name'].directory for driver in drivers.read({'drivers': [entry('a/b'), entry('c/d')]})] == ['a~b', 'c~d']


def test_absent_for_all_stands_over_what_each_says():
    parameters = {'state': 'absent', 'drivers': [entry('a/b'), entry('c/d', 'previous')]}
    assert {driver['state'] for driver in drivers.read(parameters)} == {'absent'}


def test_present_for_all_leaves_each_its_own_state():
    parameters = {'state': 'present', 'drivers': [entry('a/b', 'absent'), entry('c/d', 'previous')]}
    assert [driver['state'] for driver in drivers.read(parameters)] == ['absent', 'previous']


@pytest.mark.parametrize('other', ['a/b', 'A/B'])
def test_a_driver_that_stands_in_the_list_twice_is_refused(other):
    with pytest.raises(NodeError, match='The driver a/b stands in the list twice'):
        drivers.read({'drivers': [entry('a/b'), entry('c/d'), entry(other)]})


def test_a_secret_among_the_options_is_refused():
    with pytest.raises(NodeError, match=r'The option kubernetes\.io/secret/key is a secret'):
        drivers.read({'drivers': [dict(entry('a/b'), options={'kubernetes.io/secret/key': 'a2V5'})]})


def test_a_rollback_takes_the_drivers_that_it_names_back_and_leaves_the_others_out():
    parameters = {'drivers': [entry('a/b'), entry('c/d', 'absent'), entry('e/f')], 'rollback': ['e/f']}
    assert [(str(driver['name']), driver['state']) for driver in drivers.read(parameters)] == [('e/f', 'previous')]


@pytest.mark.parametrize('chosen, complaint', [
    ([], 'The rollback names no driver: name those .* out of a/b, to the playbook as flexvolume_rollback'),
    (['a/b', 'x/y'], 'The rollback names x/y, which is not in the list'),
    (['c/d'], 'The rollback names c/d, which is not in the list'),
])
def test_a_rollback_of_no_driver_of_the_list_is_refused(chosen, complaint):
    with pytest.raises(NodeError, match=complaint):
        drivers.read({'drivers': [entry('a/b'), entry('c/d', 'absent')], 'rollback': chosen})


def test_waivers_name_checks_and_give_reasons():
    waive = {'404': 'mounts are stacked on purpose', 405: 'never read-only'}
    assert drivers.read({'drivers': [dict(entry('a/b'), waive=waive)]})[0]['waive'] == waive


@pytest.mark.parametrize('waive, complaint', [
    ({'999': 'why'}, 'The waive of the driver a/b names 999, which is no check'), ({'mount': 'why'}, 'names mount, which is no check'),
    ({'²': 'why'}, 'names ², which is no check'),
    ({'404': ''}, 'gives no reason for 404'), ({'404': ' '}, 'gives no reason'), ({'404': None}, 'gives no reason'), ({'404': True}, 'gives no reason'),
])
def test_a_waiver_of_no_check_or_without_a_reason_is_refused(waive, complaint):
    with pytest.raises(NodeError, match=complaint):
        drivers.read({'drivers': [dict(entry('a/b'), waive=waive)]})


@pytest.mark.parametrize('interval', ['', 'often', '0', '500ms', '9' * 400, '101 years', '20s\nExecStart=/bin/sh'])
def test_an_interval_that_is_no_time_span_of_a_second_or_more_is_refused(interval):
    for option in ('touch_interval', 'prune_interval'):
        with pytest.raises(NodeError, match=f'The {option} .* of the driver a/b is no time span of a second or more'):
            drivers.read({'drivers': [dict(entry('a/b'), **{option: interval})]})
    with pytest.raises(NodeError, match=r'The apply_interval .* is no time span of a second or more'):
        drivers.read({'drivers': [], 'apply_interval': interval})


def test_an_interval_of_a_driver_that_goes_is_nobodys_concern():
    assert drivers.read({'drivers': [dict(entry('a/b', 'absent'), touch_interval='often')]})


@pytest.mark.parametrize('mode', [448, 504, 1.5, True])
def test_a_mode_without_quotes_of_which_yaml_made_a_number_is_refused(mode):
    """0770 comes as 504, which would be a mode as well."""
    with pytest.raises(NodeError, match=rf'The mode {mode} of the host path /x is no text, .* write it as four digits in quotes'):
        drivers.read({'drivers': [dict(entry('a/b'), host_paths=[{'path': '/x', 'mode': mode}])]})


def test_a_driver_that_is_no_longer_named_is_as_the_list_would_have_it_absent():
    assert (drivers.absent('name')['state'], drivers.absent('name')['host_paths'], drivers.absent('name')['prune_interval']) == ('absent', [], None)
