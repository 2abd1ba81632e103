# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.filter.driver_packages import driver_packages


def test_each_package_is_named_once_in_order():
    assert driver_packages([{'packages': ['jq', 'curl']}, {'packages': ['jq', 'cifs-utils']}]) == ['cifs-utils', 'curl', 'jq']


def test_a_driver_that_goes_needs_no_package():
    assert driver_packages([{'state': 'absent', 'packages': ['jq']}, {'state': 'previous', 'packages': ['curl']}]) == ['curl']


@pytest.mark.parametrize('driver', [{}, {'packages': None}, {'packages': []}, {'packages': ''}])
def test_a_driver_may_need_none(driver):
    assert driver_packages([driver]) == []


@pytest.mark.parametrize('packages, names', [('jq', ['jq']), ('jq, curl', ['curl', 'jq'])])
def test_a_single_name_is_read_as_the_modules_read_it(packages, names):
    assert driver_packages([{'packages': packages}]) == names
