# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _shape


@pytest.mark.parametrize('value, shape', [
    ('a', str), (1, int), (True, bool), (None, (None, str)), ('a', (None, str)), ([], [str]), (['a'], [str]), ({'a': 1, 'b': 2}, {'a': int}),
    ('ab', re.compile('[a-z]+')), (0.5, _shape.is_number), ('2026-11-25T14:41:05Z', _shape.is_moment),
])
def test_what_fits(value, shape):
    assert _shape.fits(value, shape)


@pytest.mark.parametrize('value, shape', [
    (1, str), (True, int), (1, bool), (None, str), (1, (None, str)), ('a', [str]), (['a', 1], [str]), ({}, {'a': (None, int)}), ([], {'a': int}),
    ('ab\n', re.compile('[a-z]+')), (1, re.compile('1')), (float('inf'), _shape.is_number), (float('nan'), _shape.is_number), ('1', _shape.is_number),
    ('2026-99-25T14:41:05Z', _shape.is_moment), (0, _shape.is_moment),
])
def test_what_does_not(value, shape):
    assert not _shape.fits(value, shape)
