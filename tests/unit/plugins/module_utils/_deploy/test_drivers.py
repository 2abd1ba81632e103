# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


def entry(name, state='present'):
    return dict(name=name, state=state, options={})


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
