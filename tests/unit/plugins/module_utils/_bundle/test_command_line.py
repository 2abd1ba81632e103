# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import functools
import io
import json
import os
import sys

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._bundle import command_line
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome

DRIVER = dict(drivers.absent(''), state='present')
LIST = {'drivers': [dict(DRIVER, name='a/b', bundled=True, secrets={'password': 'hunter2'}), dict(DRIVER, name='c/d', bundled=False)],
        **{name: option.get('default') for name, option in drivers.NODE.items()}, 'apply_interval': '1h'}


class Loader:
    """A zip file that was loaded, made of a directory."""

    def __init__(self, directory):
        self.archive = str(directory / 'bundle')
        (directory / 'bundle').write_bytes(b'the whole bundle')

    @staticmethod
    def get_data(name):
        return {'parameters.json': json.dumps(LIST).encode(), 'drivers/a~b': b'executable'}[name]


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run a command on a made-up node; C(run.calls) are what the deploy was asked for, C(run.outcome) is what it answers or raises."""
    def ensure(declared, sent, **options):
        execute.calls.append(dict(options, drivers=declared, sent=sent))
        if isinstance(execute.outcome, BaseException):
            raise execute.outcome  # pylint: disable=raising-non-exception
        return execute.outcome

    def execute(*words):
        monkeypatch.setattr(sys, 'argv', ['flexvolume-node.pyz', *words])
        status = command_line.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    execute.calls, execute.outcome, execute.kept = [], Outcome(plugin_dir={'path': '/p'}), tmp_path / 'kept'
    monkeypatch.setattr(command_line.zipimport, 'zipimporter', lambda _path: Loader(tmp_path))
    monkeypatch.setattr(command_line.node, 'ensure', ensure)
    monkeypatch.setattr(command_line.os, 'geteuid', lambda: 0)
    monkeypatch.setattr(command_line.lock, 'held', functools.partial(command_line.lock.held, str(tmp_path / 'lock')))
    monkeypatch.setattr(command_line.at_boot, 'kept', lambda: str(execute.kept))
    monkeypatch.setattr(command_line.signal, 'signal', lambda *_handler: None)
    return execute


def changed():
    outcome = Outcome(plugin_dir={'path': '/p'})
    outcome.note('/p/a~b/b', '', 'new\n')
    return outcome


def test_apply_asks_the_deploy_for_the_list_with_the_executables_that_came_along(run):
    assert run('apply') == (0, 'This node already agrees with the list of 6a1b2a4d0c42.\n'.replace('6a1b2a4d0c42', digest()), '')
    call = run.calls[0]
    assert [str(driver['name']) for driver in call['drivers']] == ['a/b', 'c/d']
    assert call['sent'] == [{'name': 'a/b', 'content': b'executable'}]
    assert (call['check'], call['force'], call['delete_data'], call['bundle'], call['apply_interval']) == (False, False, False, None, '1h')


def digest():
    return command_line.Payload(content=b'the whole bundle').sha256[:12]


def test_the_bundle_is_kept_if_asked_for_and_replaced_where_one_is_kept(run):
    run('apply', '--at-boot')
    run.kept.write_text('older')
    run('apply')
    assert [call['bundle'].content for call in run.calls] == [b'the whole bundle'] * 2


def test_remove_withdraws_every_driver_and_keeps_no_bundle(run):
    run.kept.write_text('kept')
    run('remove', '--force', '--delete-data')
    call = run.calls[0]
    assert {driver['state'] for driver in call['drivers']} == {'absent'}
    assert (call['bundle'], call['force'], call['delete_data'], call.get('purge')) == (None, True, True, None)


def test_check_and_diff_say_what_would_change(run):
    run.outcome = changed()
    status, out, _err = run('apply', '--check', '--diff')
    assert (status, run.calls[0]['check']) == (0, True)
    assert out.splitlines()[0] == 'would change: /p/a~b/b'
    assert '+new' in out.splitlines()
    assert out.splitlines()[-1] == f'This node would change so that it agrees with the list of {digest()}.'
    assert run('remove', '--check')[1].endswith(f'This node would change so that it has no driver of the list of {digest()}.\n')


def test_what_a_terminal_cannot_show_and_a_reader_who_has_seen_enough_are_no_failures(run, monkeypatch):
    run.outcome = changed()
    run.outcome.note('/p/a~b/b', '', '# Größe\n')
    reading, writing = os.pipe()
    os.close(reading)
    for stream in (io.BytesIO(), io.FileIO(writing, 'w')):
        monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(stream, encoding='ascii'))
        assert run('apply', '--diff') == (0, '', '')


@pytest.mark.parametrize('outcome, status, agrees', [(Outcome(plugin_dir={}), 0, True), (changed(), 1, False)])
def test_status_tells_by_its_exit_status_whether_the_node_agrees(run, outcome, status, agrees):
    run.outcome = outcome
    assert run('status')[0] == status
    told = run('status', '--json')
    assert (told[0], json.loads(told[1])['agrees']) == (status, agrees)
    assert {call['check'] for call in run.calls} == {True}


@pytest.mark.parametrize('error, sentence', [
    (NodeError('No.'), 'No.'), (OSError(28, 'No space left on device', '/var'), "The node refused: [Errno 28] No space left on device: '/var'."),
    (KeyboardInterrupt(), 'Stopped: what was begun was taken back, unless all of it was done by then; the command status tells.'),
])
def test_a_refusal_is_one_sentence(run, error, sentence):
    run.outcome = error
    status, out, err = run('apply')
    assert (status, out) == (1, '')
    assert err.startswith(sentence)
    status, out, err = run('apply', '--json')
    assert (status, err, json.loads(out)['failed']) == (1, '', True)
    assert json.loads(out)['msg'].startswith(sentence)


@pytest.mark.parametrize('options', [(), ('--json',)])
def test_a_secret_that_a_driver_repeats_reaches_no_screen_and_no_journal(run, options):
    run.outcome = NodeError('The driver a/b says: hunter2, aHVudGVyMg==.')
    status, out, err = run('apply', *options)
    assert status == 1
    assert 'The driver a/b says: ********, ********.' in out + err
    run.outcome = Outcome(plugin_dir={'path': '/p'})
    run.outcome.warnings.append('It says hunter2.')
    status, out, err = run('apply', *options)
    assert status == 0
    assert 'It says ********.' in out + err


@pytest.mark.parametrize('command', ['apply', 'remove', 'status', 'validate'])
def test_nobody_but_root_gets_far(run, monkeypatch, command):
    monkeypatch.setattr(command_line.os, 'geteuid', lambda: 1000)
    assert run(command) == (1, '', f'{command} must run as root: run it with sudo.\n')
    assert run.calls == []


@pytest.mark.parametrize('words', [(), ('explode',), ('apply', '--chck'), ('status', '--check')])
def test_a_wrong_command_is_told_by_its_exit_status(run, words):
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert run.calls == []
