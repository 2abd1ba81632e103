# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers


@pytest.mark.parametrize('stderr, rc, advice', [
    ('/bin/sh: 1: sudo: not found\n', 127, 'install sudo there'),
    ('ops is not in the sudoers file.\n', 1, 'let that user run sudo there'),
    ('/bin/sh: 1: /usr/bin/python3: not found\n', 127, 'install Python 3.6'),
    ('/bin/sh: 1: doas: not found\n', 127, 'see to what it names'),
    ('sudo: sorry, you must have a tty to run sudo\n', 1, 'take requiretty out of the sudoers file for that user, or run without pipelining'),
    ('SyntaxError: future feature annotations is not defined\n', 1, 'that Python is too old for this ansible-core: set ansible_python_interpreter'),
    ('sudo: a password is required\n', 1, "give sudo's with --ask-become-pass"),
])
def test_what_the_node_said_is_in_the_message_with_what_to_do(stderr, rc, advice):
    result = {'failed': True, 'msg': 'No start of json char found', 'module_stderr': stderr, 'module_stdout': '', 'rc': rc, 'exception': 'long'}
    _answers.explain(result)
    assert stderr.strip() in result['msg'] and advice in result['msg']
    assert 'exception' not in result


@pytest.mark.parametrize('stderr', [
    'ControlSocket /home/x/.ansible/cp/29332 already exists, disabling multiplexing\r\n/bin/sh: 1: sudo: not found\n',
    '*** Authorized use only. ***\n\n/bin/sh: 1: sudo: not found\nShared connection to 192.0.2.1 closed.\r\n',
])
def test_what_others_say_on_the_same_stream_is_left_out(stderr):
    result = {'failed': True, 'msg': 'No start of json char found', 'module_stderr': stderr, 'module_stdout': '', 'rc': 127}
    _answers.explain(result)
    assert result['msg'].startswith('The module was not run, since the node said "/bin/sh: 1: sudo: not found": install sudo there')


@pytest.mark.parametrize('sentence, rest', [
    ('Data of a: no way to a.', 'Data of …: no way to ….'), ('host "a" port 22', 'host "…" port 22'), ('a.example.com, b-a, a-1', 'a.example.com, b-a, a-1'),
])
def test_a_name_is_left_out_where_it_is_one(sentence, rest):
    assert _answers.without_name(sentence, 'a', '…') == rest
    assert _answers.without_name('x[1] says', 'x[1]', r'\1') == r'\1 says'


@pytest.mark.parametrize('result', [
    {'failed': True, 'msg': 'MODULE FAILURE', 'module_stderr': 'Traceback (most recent call last): ...', 'module_stdout': '', 'rc': 1},
    {'failed': True, 'msg': 'The driver a/b has no src.'},
    {'changed': True},
])
def test_any_other_answer_stays_what_it_is(result):
    before = dict(result)
    _answers.explain(result)
    assert result == before


def test_a_node_sets_no_variables():
    result = {'changed': True, 'ansible_facts': {'flexvolume_drivers': []}, 'ansible_stats': {'data': {'flexvolume_drivers': []}}}
    _answers.received(result)
    assert result == {'changed': True}


@pytest.mark.parametrize('text', ['\x1b[2Jgone', '\x9b31m', 'a\u202egpj.exe', 'over\rwritten', '\0'])
def test_what_ansible_shows_as_it_is_does_nothing_to_a_terminal(text):
    result = {'msg': text, 'warnings': [text], 'diff': [{'before_header': text, 'after': f'a\n\t{text}'}], 'status': text}
    _answers.received(result)
    harmless = result['msg']
    assert '\ufffd' in harmless and harmless.replace('\ufffd', '').isprintable()
    assert result == {'msg': harmless, 'warnings': [harmless], 'diff': [{'before_header': harmless, 'after': f'a\n\t{harmless}'}], 'status': text}


def test_lists_that_are_none_are_left_out():
    result = {'warnings': 5, 'deprecations': 'x', 'changed': True}
    _answers.received(result)
    assert result == {'changed': True}
