# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _secrets


def test_secrets_are_moved_to_where_they_are_not_logged():
    arguments = {'drivers': [{'name': 'a/b', 'options': {'share': 'data', 'kubernetes.io/secret/key': 'a2V5'}}, {'name': 'c/d'}], 'suite': 'basic'}
    assert _secrets.from_drivers(arguments) == {
        'drivers': [{'name': 'a/b', 'options': {'share': 'data'}}, {'name': 'c/d'}], 'suite': 'basic',
        'secrets': {'a/b': {'kubernetes.io/secret/key': 'a2V5'}}}
    assert 'kubernetes.io/secret/key' in arguments['drivers'][0]['options']


def test_what_is_malformed_is_left_to_the_module():
    assert _secrets.from_drivers({'drivers': 'text'}) == {'drivers': 'text'}
    assert _secrets.from_drivers({'drivers': ['text', {'options': 'text'}]})['drivers'] == ['text', {'options': 'text'}]


def test_a_driver_s_secrets_from_both_places_are_joined():
    arguments = {'drivers': [{'name': 'a/b', 'options': {'kubernetes.io/secret/key': 'a2V5'}}], 'secrets': {'a/b': {'kubernetes.io/secret/user': 'dQ=='}}}
    assert _secrets.from_drivers(arguments)['secrets'] == {'a/b': {'kubernetes.io/secret/key': 'a2V5', 'kubernetes.io/secret/user': 'dQ=='}}
