# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import LONGEST, DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

NAMES = st.from_regex(r'[a-z0-9]([a-z0-9.-]{0,5}[a-z0-9])?/[A-Za-z0-9_-][A-Za-z0-9._-]{0,5}', fullmatch=True)


def test_a_name_says_its_directory_and_its_unit():
    name = DriverName.parse('example.com/my-driver')
    assert (name.directory, name.unit, str(name)) == ('example.com~my-driver', r'example.com-my\x2ddriver', 'example.com/my-driver')


@pytest.mark.parametrize('text', [
    '', '/', 'driver', 'vendor/', '/driver', 'vendor//driver', 'a/b/c', 'a~b/c', 'a/b~c', 'vendor/.hidden', '.vendor/driver', '-vendor/driver',
    'vendor-/driver', 'vendor/dri ver', 'vendor/driver\n', 'vendor/../x', 'véndor/driver', 'vendor/dríver', '\u017fun/driver', 'vendor/\0',
    'v/' + 'd' * LONGEST,
])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(NodeError, match='is no driver name: write vendor/driver'):
        DriverName.parse(text)


@given(st.text(max_size=12))
def test_any_text_is_a_plain_ascii_name_or_refused(text):
    try:
        name = DriverName.parse(text)
    except NodeError:
        return
    assert re.fullmatch(r'[A-Za-z0-9._-]+~[A-Za-z0-9._-]+', name.directory)
    assert str(name) == text


@given(NAMES, NAMES)
def test_two_drivers_share_neither_directory_nor_unit(one, other):
    first, second = DriverName.parse(one), DriverName.parse(other)
    assert (first.unit == second.unit) == (first.directory == second.directory) == (one == other)


@given(NAMES)
def test_a_unit_holds_nothing_that_systemd_would_escape_again(text):
    assert re.fullmatch(r'[A-Za-z0-9:_.-]([A-Za-z0-9:_.-]|\\x[0-9a-f]{2})*', DriverName.parse(text).unit)
