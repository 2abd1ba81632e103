# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _secrets
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


def test_secrets_reach_the_driver_as_the_kubelet_passes_them():
    assert _secrets.with_secrets({'share': 'data'}, {'password': 'hunter2'}) == {'share': 'data', 'kubernetes.io/secret/password': 'aHVudGVyMg=='}


def test_a_secret_among_the_options_is_refused_without_its_value():
    with pytest.raises(NodeError, match='put password and its value, not encoded, into secrets') as refusal:
        _secrets.with_secrets({'kubernetes.io/secret/password': 'aHVudGVyMg=='}, {})
    assert 'aHVudGVyMg' not in str(refusal.value)


def words(*secrets, **config):
    return _secrets.words({'drivers': [{'secrets': dict(enumerate(secrets)), 'config': config}]})


FORMS = [
    'it is hunter2"', 'in base64 it is aHVudGVyMiI=', 'as JSON it is "hunter2\\""', "as Python 'hunter2\"'", {'message': ['hunter2"']},
    {'a': {'b': ('x hunter2" y',)}}]


@pytest.mark.parametrize('text', FORMS)
def test_what_a_driver_repeats_of_a_secret_is_masked_in_every_form(text):
    assert 'hunter2' not in str(_secrets.masked(text, words('hunter2"')))
    assert 'aHVudGVyMi' not in str(_secrets.masked(text, words('hunter2"')))


@pytest.mark.parametrize('secret', ['', ' ', None, {}, []])
def test_an_empty_secret_masks_nothing(secret):
    assert _secrets.masked('nothing to hide', words(secret)) == 'nothing to hide'


def test_a_secret_that_is_a_word_of_ours_changes_no_verdict():
    result = {'changed': True, 'seconds': 1.5, 'checks': [{'outcome': 'passed', 'level': 'MUST', 'number': 101, 'evidence': 'passed 1 time'}],
              'awaited': ['pass/word']}
    assert _secrets.masked(result, words('pass', 'MUST', 1, 'word')) == {
        'changed': True, 'seconds': 1.5, 'checks': [{'outcome': 'passed', 'level': 'MUST', 'number': 101, 'evidence': '********ed ******** time'}],
        'awaited': ['pass/word']}


def test_of_a_config_only_what_its_key_tells_of_is_masked_elsewhere():
    hidden = words(base='/data', number=7, users=[{'name': 'eve', 'apiKey': 'k3y', 'pass_phrase': {'old': 'sesame'}}])
    assert _secrets.masked('/data 7 eve k3y sesame', hidden) == '/data 7 eve ******** ********'


def test_longer_secrets_are_masked_before_those_that_they_hold():
    assert _secrets.masked('abcd', words('ab', 'abcd')) == '********'


def test_a_modules_parameters_show_the_keys_of_what_is_private():
    given = {'drivers': [{'name': 'a/b', 'config': {'base': '/data', 'n': 1}, 'secrets': {'k': 'v'}, 'options': {'o': 'p'}},
                         {'name': 'c/d', 'config': None, 'secrets': {}}],
             'payloads': [{'name': 'a/b', 'content': 'x' * 9}], 'state': 'present'}
    assert _secrets.shown(given) == {
        'drivers': [{'name': 'a/b', 'config': {'base': '********', 'n': '********'}, 'secrets': {'k': '********'}, 'options': {'o': 'p'}},
                    {'name': 'c/d', 'config': None, 'secrets': {}}],
        'payloads': [{'name': 'a/b', 'content': '********'}], 'state': 'present'}


@pytest.mark.parametrize('given', [
    {'drivers': '[{"secrets": {"a": "hunter2"}}]'}, {'drivers': ['secrets=hunter2']}, {'secrets': 'a=hunter2'}, {'config': ['hunter2']}])
def test_what_is_malformed_is_not_shown_either(given):
    assert 'hunter2' not in str(_secrets.shown(given))


@pytest.mark.parametrize(('before', 'after', 'shown'), [
    ('', '{"a": 1, "b": 2}', ('', 'a: ********\nb: ********\n')),
    ('{"a": 1, "b": 2}', '{"a": 1, "b": 3, "c": 4}', ('a: ********\nb: ********\n', 'a: ********\nb: ******** (changed)\nc: ********\n')),
    ('{"a": 1}', '', ('a: ********\n', '')),
    ('{"a": 1}', '{"a": 1}', ('a: ********\n', 'a: ********\n')),
    ('{"a": 1}', '{"a":1}', ('a: ********\n', 'a: ********\n(written anew)\n')),
    ('', '{}', ('', '(written anew)\n')),
    ('not JSON', '{"a": 1}', ('(not a JSON object): ********\n', 'a: ********\n')),
])
def test_a_diff_of_a_config_tells_keys_and_which_of_them_change(before, after, shown):
    assert _secrets.differences(before, after) == shown
