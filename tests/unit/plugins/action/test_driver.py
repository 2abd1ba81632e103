# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task

from ansible_collections.nodeops.flexvolume.plugins.action.driver import ActionModule
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import SENT_ALONG

LARGE = b'x' * (SENT_ALONG + 1)


@pytest.fixture
def sender(tmp_path, mocker):
    """Return what runs the action with a task's arguments; its C(calls) are the payloads of each execution of the module, C(sent) the files."""
    def run(answers=({},), check_mode=False, inventory_dir=None, inventory_sources=None, **arguments):
        task = Task()
        task.args, task.check_mode, task.async_val, run.calls, run.sent = arguments, check_mode, 0, [], []
        connection = mocker.Mock()
        connection._shell.tmpdir = '/remote'
        connection._shell.join_path = lambda *parts: '/'.join(parts)
        action = ActionModule(task, connection, mocker.Mock(check_mode=check_mode), DataLoader(), mocker.Mock(), mocker.Mock())
        mocker.patch.object(task, 'get_search_path', lambda: [str(tmp_path)])
        remaining = list(answers)

        def execute(module_args, **_rest):
            run.calls.append({payload['name']: {key: value for key, value in payload.items() if key != 'name'} for payload in module_args['payloads']})
            return dict(remaining.pop(0))

        mocker.patch.object(action, '_execute_module', execute)
        mocker.patch.object(action, '_transfer_data', lambda remote, content: run.sent.append((content, remote)))
        mocker.patch.object(action, '_fixup_perms2')
        mocker.patch.object(action, '_remove_tmp_path')
        return action.run(task_vars={'inventory_dir': inventory_dir, 'ansible_inventory_sources': inventory_sources})
    (tmp_path / 'files').mkdir()
    (tmp_path / 'files' / 'small').write_bytes(b'small')
    (tmp_path / 'files' / 'large').write_bytes(LARGE)
    return run


def driver(name='a/b', **keys):
    return dict(name=name, **keys)


def test_a_small_driver_comes_with_the_module_in_one_execution(sender):
    sender(drivers=[driver(src='small')])
    assert [zlib.decompress(base64.b64decode(payloads['a/b']['content'])) for payloads in sender.calls] == [b'small']


def test_of_a_large_driver_that_the_node_has_only_the_checksum_is_sent(sender):
    sender([{'awaited': []}], drivers=[driver(src='large')])
    assert (sender.calls, sender.sent) == ([{'a/b': {'sha256': hashlib.sha256(LARGE).hexdigest()}}], [])


def test_a_large_driver_that_the_node_awaits_is_sent_and_the_module_run_again_with_all(sender):
    result = sender([{'awaited': ['a/b'], 'changed': True}, {'awaited': [], 'changed': True}], drivers=[driver(src='large'), driver('c/d', src='small')])
    assert [content for content, _remote in sender.sent] == [LARGE]
    assert sender.calls[1]['a/b'] == {'path': sender.sent[0][1]}
    assert 'content' in sender.calls[1]['c/d']
    assert result == {'changed': True}


def test_what_the_node_awaits_only_then_since_somebody_else_was_at_work_there_is_sent_too(sender):
    answers = [{'awaited': ['a/b'], 'changed': True}, {'awaited': ['c/d'], 'changed': True}, {'awaited': [], 'changed': True}]
    result = sender(answers, drivers=[driver(src='large'), driver('c/d', src='large')])
    paths = {name: payload.get('path') for name, payload in sender.calls[-1].items()}
    assert [content for content, _remote in sender.sent] == [LARGE, LARGE]
    assert sorted(paths.values()) == sorted(remote for _content, remote in sender.sent) and sorted(paths) == ['a/b', 'c/d']
    assert (len(sender.calls), result) == (3, {'changed': True})


@pytest.mark.parametrize('names', [['a/b'], ['../c'], 'a/b', [['a/b']]], ids=['sent already', 'not in the list', 'a text', 'no text'])
def test_a_node_that_awaits_for_ever_or_what_is_none_of_its_business_is_refused(sender, names):
    with pytest.raises(AnsibleActionFail, match='see who else is at work on it'):
        sender([{'awaited': ['a/b']}, {'awaited': names}], drivers=[driver(src='large')])
    assert len(sender.sent) == 1


@pytest.mark.parametrize('answer, check_mode', [({'awaited': ['a/b']}, True), ({'awaited': ['a/b'], 'failed': True}, False)])
def test_nothing_large_is_sent_in_check_mode_or_after_a_refusal(sender, answer, check_mode):
    sender([answer], check_mode, drivers=[driver(src='large')])
    assert (len(sender.calls), sender.sent) == (1, [])


@pytest.mark.parametrize('entry', [
    driver(), driver(src='/on/the/node', remote_src=True), driver(src='/on/the/node', remote_src='yes'),
    driver(src='missing', state='absent'), driver(src='missing', state='previous'),
])
def test_what_needs_no_source_from_here_is_not_looked_for(sender, entry):
    sender(drivers=[entry])
    assert sender.calls == [{}]


def test_of_drivers_that_are_all_withdrawn_no_source_is_looked_for(sender):
    sender(drivers=[driver(src='missing')], state='absent')
    assert sender.calls == [{}]


@pytest.mark.parametrize('drivers, complaint', [
    ('a/b', 'is a text and no JSON'), ([{}], r'drivers\[0\]: missing required arguments: name'),
    ([driver(srcc='small')], r'drivers\[a/b\]: Unsupported parameters: srcc'),
    ([driver('nameless')], "'nameless' is no driver name"), (None, 'There is no list of drivers'),
])
def test_what_is_malformed_fails_before_anything_reaches_the_node(sender, drivers, complaint):
    with pytest.raises(AnsibleActionFail, match=complaint):
        sender(**({} if drivers is None else {'drivers': drivers}))
    assert sender.calls == []


@pytest.mark.parametrize('place', ['files/mine', 'mine'])
def test_a_source_may_lie_beside_the_inventory(sender, tmp_path, place):
    (tmp_path / 'inventory' / 'files').mkdir(parents=True)
    (tmp_path / 'inventory' / place).write_bytes(b'mine')
    sender(inventory_dir=str(tmp_path / 'inventory'), drivers=[driver(src='mine')])
    assert zlib.decompress(base64.b64decode(sender.calls[0]['a/b']['content'])) == b'mine'


@pytest.mark.parametrize('source', ['', 'hosts.yml'])
def test_for_a_localhost_of_no_inventory_a_source_may_lie_beside_those_that_were_given(sender, tmp_path, source):
    (tmp_path / 'mine').write_bytes(b'mine')
    (tmp_path / 'hosts.yml').write_text('')
    sender(inventory_sources=['/nowhere', 'a,b,', str(tmp_path / source)], drivers=[driver(src='mine')])
    assert zlib.decompress(base64.b64decode(sender.calls[0]['a/b']['content'])) == b'mine'


def test_the_drivers_of_the_collection_are_found_from_anywhere(sender):
    sender(drivers=[driver(src='dynhostpath.py')])
    assert 'a/b' in sender.calls[0]


@pytest.mark.parametrize('src', ['missing', '/nowhere/missing'])
def test_a_source_that_is_no_file_fails_before_anything_reaches_the_node(sender, src):
    with pytest.raises(AnsibleActionFail, match=f'The src {src} of the driver a/b is not among the files'):
        sender(drivers=[driver(src=src)])
    assert sender.calls == []


def test_a_source_that_is_a_link_to_nowhere_is_called_one(sender, tmp_path):
    (tmp_path / 'link').symlink_to('gone')
    with pytest.raises(AnsibleActionFail, match=f'a/b is a symbolic link, {tmp_path}/link, and what it points to, gone, is no file'):
        sender(drivers=[driver(src=str(tmp_path / 'link'))])
    assert sender.calls == []


def test_a_source_that_is_a_directory_is_called_one(sender, tmp_path):
    with pytest.raises(AnsibleActionFail, match=f'The src {tmp_path} of the driver a/b is a directory, {tmp_path}: name the executable in it'):
        sender(drivers=[driver(src=str(tmp_path))])
    assert sender.calls == []
