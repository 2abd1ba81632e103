# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import pathlib
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import callout

ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}


def answer(output, rc=0, argv=('/driver', 'mount')):
    return callout.Answer(list(argv), rc, output, 0.1, False, None, False)


@pytest.fixture
def driver(tmp_path):
    def write(content, mode=0o755):
        path = tmp_path / 'driver'
        path.write_bytes(content if isinstance(content, bytes) else content.encode('utf-8'))
        path.chmod(mode)
        return str(path)
    return write


def test_success_with_the_defaults_of_the_kubelet():
    verdict = callout.judge(answer('\n {"status": "Success"} \n'))
    assert (verdict.status, verdict.defect, verdict.log) == ('Success', None, '')
    assert verdict.capabilities == {
        'attach': True, 'selinuxRelabel': True, 'supportsMetrics': False, 'fsGroup': True, 'requiresFSResize': True}


def test_keys_match_without_case_and_unknown_keys_are_kept():
    verdict = callout.judge(answer('{"STATUS": "Success", "Capabilities": {"ATTACH": false, "new": 1}, "VolumeName": "v", "more": [1]}'))
    assert verdict.status == 'Success'
    assert verdict.capabilities['attach'] is False
    assert verdict.response == {'status': 'Success', 'capabilities': {'attach': False, 'new': 1}, 'volumeName': 'v', 'more': [1]}


def test_null_leaves_a_field_as_it_was():
    verdict = callout.judge(answer('{"status": "Success", "message": null, "capabilities": {"attach": null}}'))
    assert (verdict.status, verdict.message, verdict.capabilities['attach']) == ('Success', '', True)


@pytest.mark.parametrize('rc', [0, 1])
def test_failure_is_an_answer_and_no_defect(rc):
    verdict = callout.judge(answer('{"status": "Failure", "message": "no such share"}', rc))
    assert (verdict.status, verdict.message, verdict.defect) == ('Failure', 'no such share', None)
    assert verdict.log.startswith('mount command failed, status: Failure, reason: no such share')


@pytest.mark.parametrize('rc', [0, 1])
def test_not_supported(rc):
    verdict = callout.judge(answer('{"status": "Not supported"}', rc))
    assert (verdict.status, verdict.defect, verdict.log) == ('Not supported', None, '')


def test_success_with_a_non_zero_exit_is_a_failure():
    verdict = callout.judge(answer('{"status": "Success"}', 1))
    assert verdict.status == 'Failure'
    assert verdict.log == 'FlexVolume: driver bug: /driver: exec error (exit status 1) but no error in response.'
    assert 'Success but ends with exit status 1' in verdict.defect


@pytest.mark.parametrize('status', ['success', 'OK', ''])
def test_any_other_status_is_a_failure(status):
    verdict = callout.judge(answer(json.dumps({'status': status})))
    assert verdict.status == 'Failure'
    assert repr(status) in verdict.defect


def test_null_capabilities_of_init_crash_the_kubelet():
    assert 'crashes' in callout.judge(answer('{"status": "Success", "capabilities": null}', argv=('/driver', 'init'))).defect


@pytest.mark.parametrize('status, rc', [('Failure', 0), ('Not supported', 0), ('Success', 1)])
def test_null_capabilities_of_an_init_that_fails_are_not_looked_at(status, rc):
    verdict = callout.judge(answer(json.dumps({'status': status, 'capabilities': None}), rc, ('/driver', 'init')))
    assert 'crashes' not in (verdict.defect or '') and verdict.capabilities == callout.CAPABILITIES


def test_null_capabilities_of_other_callouts_are_not_looked_at():
    verdict = callout.judge(answer('{"status": "Success", "capabilities": null}'))
    assert (verdict.status, verdict.defect, verdict.capabilities) == ('Success', None, callout.CAPABILITIES)


def test_a_long_output_is_cut():
    defect = callout.judge(answer('x' * 1000)).defect
    assert 'x' * 200 + '…' in defect and 'x' * 201 not in defect


def test_secrets_stay_out_of_the_log():
    options = json.dumps({'kubernetes.io/secret/password': 'aHVudGVyMg==', 'share': 'data'})
    verdict = callout.judge(answer('{"status": "Failure"}', 1, ('/driver', 'mount', '/mnt', options)))
    assert 'aHVudGVyMg==' not in verdict.log
    assert '"share": "data"' in verdict.log


@pytest.mark.parametrize('argument, shown', [
    ('/mnt', '/mnt'), ('{"a": "b"}', '{"a": "b"}'), ('["kubernetes.io/secret/x"', '********'), ('["kubernetes.io/secret/x"]', '********'),
])
def test_without_secrets(argument, shown):
    assert callout.without_secrets(argument) == shown


def test_call_is_made_as_the_kubelet_makes_it(driver):
    path = driver('#!/bin/sh\npwd; echo "$PATH" >&2; echo "$HOME"; cat; printf "%s|" "$@"; exit 3\n')
    result = callout.call(path, ['mount', 'ä "b"\n'], ENVIRONMENT, 10)
    assert result.output == f'/\n{ENVIRONMENT["PATH"]}\n\nmount|ä "b"\n|'
    assert (result.rc, result.timed_out, result.error) == (3, False, None)


def test_output_that_is_no_utf8_is_replaced(driver):
    assert callout.call(driver('#!/bin/sh\nprintf "\\377"\n'), [], ENVIRONMENT, 10).output == '\ufffd'


def test_a_time_out_kills_the_whole_process_group(driver, tmp_path):
    path = driver(f'#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/child; wait\n')
    # On a busy machine it takes a while until there is a child to kill, and until it is dead.
    verdict = callout.init(path, ENVIRONMENT, 3)
    assert verdict.answer.timed_out and verdict.status == 'Failure'
    assert 'had not finished' in verdict.defect
    child = int((tmp_path / 'child').read_text())
    deadline = time.monotonic() + 30
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def is_alive(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='ascii').rpartition(') ')[2][0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_whoever_stops_a_callout_leaves_no_driver_behind(driver, tmp_path, monkeypatch):
    def stopped(_descriptor, _deadline):
        while not (tmp_path / 'pid').exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(callout, '_read', stopped)
    with pytest.raises(KeyboardInterrupt):
        callout.call(driver(f'#!/bin/sh\necho $$ > {tmp_path}/new\nmv {tmp_path}/new {tmp_path}/pid\nexec sleep 60\n'), ['init'], ENVIRONMENT, 30)
    assert not is_alive(int((tmp_path / 'pid').read_text()))


def test_a_process_left_behind_with_the_output_open_hangs_the_kubelet(driver):
    verdict = callout.init(driver('#!/bin/sh\nsleep 60 &\necho \'{"status": "Success"}\'\n'), ENVIRONMENT, 0.5)
    assert verdict.status == 'Failure'
    assert 'left behind' in verdict.defect


def test_an_endless_output_is_cut_off(driver):
    verdict = callout.init(driver('#!/bin/sh\nexec yes\n'), ENVIRONMENT, 30)
    assert verdict.status == 'Failure' and not verdict.answer.timed_out
    assert len(verdict.answer.output) < 2 * callout.LONGEST_OUTPUT
    assert 'printed more than 1 MiB' in verdict.defect


def test_a_long_answer_is_not_called_broken(driver):
    """The kubelet takes it; what is given up is only to read so much."""
    path = driver('#!/bin/sh\nprintf \'{"status": "Success", "message": "\'; head -c 2000000 /dev/zero | tr "\\0" x; echo \'"}\'\n')
    verdict = callout.init(path, ENVIRONMENT, 30)
    assert verdict.defect == 'it printed more than 1 MiB, and was killed here; the kubelet reads on, and keeps all of it in memory.'


def test_a_crash_is_named_as_go_names_it(driver):
    verdict = callout.judge(callout.call(driver('#!/bin/sh\necho \'{"status": "Success"}\'; kill -SEGV $$\n'), ['mount'], ENVIRONMENT, 10))
    assert callout.error_of(verdict) == 'signal: segmentation fault' and 'ends with signal: segmentation fault' in verdict.defect


@pytest.mark.parametrize('answered, error', [
    ('{}', 'init command failed, status: , reason: '), ('{"status": "Success", "message": "m"}', 'exit status 3'),
])
def test_what_the_prober_says_of_answers_without_a_reason(driver, answered, error):
    assert callout.init(driver(f"#!/bin/sh\necho '{answered}'; exit 3\n"), ENVIRONMENT).log.endswith(f', skipping. Error: {error}')


@pytest.mark.parametrize('content, mode, words', [
    ('#!/bin/sh\n', 0o644, 'mode 0644, no execute permission'),
    ('#!/no/such/interpreter\n', 0o755, 'wants the interpreter /no/such/interpreter'),
    ('#!/bin/sh\r\necho\r\n', 0o755, 'CRLF'),
    ('#!/usr/bin/env python3\r\n', 0o755, 'CRLF'),
    ('\ufeff#!/bin/sh\necho\n', 0o755, 'byte order mark'),
    ('#!/usr/bin/env no-such-interpreter\n', 0o755, "not on the kubelet's PATH"),
    ('echo\n', 0o755, 'begins with #!'),
    (b'\x7fELF\x02\x01' + bytes(12) + b'\x15\x00' + bytes(44), 0o755, 'built for ppc64le'),
    ('#!/bin/sh\necho hello\n', 0o755, "is not one JSON object (the kubelet reads stdout and stderr as one stream, and all of it): 'hello\\n'"),
    ('#!/bin/sh\n', 0o755, 'printed nothing'),
    ('#!/bin/sh\necho \'{"status": "Success"}\'; exit 1\n', 0o755, 'Success but ends with exit status 1'),
    ('#!/bin/sh\necho \'{"status": "Failure", "message": "jq is missing"}\'\n', 0o755, 'init answers Failure: jq is missing'),
    ('#!/bin/sh\necho \'{"status": "Not supported"}\'\n', 0o755, 'init answers Not supported'),
])
def test_init_names_the_defect(driver, content, mode, words):
    verdict = callout.init(driver(content, mode), ENVIRONMENT)
    assert words in verdict.defect
    assert verdict.status != 'Success'
    assert 'error creating Flexvolume plugin from directory' in verdict.log


@pytest.mark.parametrize('content, error', [
    ('#!/bin/sh\n', 'unexpected end of JSON input'),
    ('#!/bin/sh\necho \'{"status": "Success"}\'; exit 1\n', 'exit status 1'),
    ('#!/bin/sh\necho \'{"status": "Failure", "message": "m"}\'\n', 'init command failed, status: Failure, reason: m'),
    ('#!/bin/sh\necho \'{"status": "Not supported"}\'\n', 'Not supported'),
])
def test_init_ends_the_log_with_the_prober_s_line(driver, content, error):
    assert callout.init(driver(content), ENVIRONMENT).log.endswith(f', skipping. Error: {error}')


def test_init_of_what_is_not_there(tmp_path):
    assert 'No such file' in callout.init(str(tmp_path / 'none'), ENVIRONMENT).defect


def test_init_of_a_directory(tmp_path):
    assert 'not a regular file' in callout.init(str(tmp_path), ENVIRONMENT).defect


def test_a_good_driver_has_no_defect(driver):
    verdict = callout.init(driver('#!/bin/sh\necho \'{"status": "Success", "capabilities": {"attach": false}}\'\n'), ENVIRONMENT)
    assert (verdict.status, verdict.defect, verdict.log) == ('Success', None, '')
    assert verdict.capabilities['attach'] is False


def test_the_command_by_hand_hides_secrets_and_makes_the_directory():
    text = '{"kubernetes.io/secret/key":"dmFsdWU=","share":"it\'s"}'
    command = callout.by_hand('/d', ['mount', '/pods/a b', text], {'PATH': '/bin', 'PASSWORD': 'hidden'})
    assert command.startswith("cd / && mkdir -p '/pods/a b' && env -i PATH=/bin /d mount '/pods/a b' ")
    assert 'dmFsdWU' not in command and 'hidden' not in command and '"share": "it' in command


@pytest.mark.parametrize('said', ['"status": "Failure", "message": "%s"', '"status": "%s"'])
def test_of_a_reason_without_end_a_person_sees_the_beginning(driver, said):
    letters = '$(yes x | head -100000 | tr -d "\\n")'
    verdict = callout.init(driver(f"#!/bin/sh\nprintf '{{{said}}}' \"{letters}\"\n"), ENVIRONMENT)
    assert 'xxx' in verdict.defect and len(verdict.defect) < 3000
