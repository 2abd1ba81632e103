# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import stage, static, suite
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.full import FULL
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import CATALOGUE, Report
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.stage import Driver, Stage, Volume, describe, origin_of
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import callout, directories, process, watches
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import processes
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system.mounts import Mount

NAME = DriverName('example.org', 'fixture')
ENVIRONMENT = {'PATH': '/usr/bin:/bin'}
INIT = '''#!/bin/sh
[ "$1" = init ] || exit 1
echo '{"status": "Success", "capabilities": {"attach": false, "selinuxRelabel": false, "fsGroup": false, "requiresFSResize": false}}'
'''


@pytest.fixture
def executable(tmp_path):
    directory = tmp_path / 'example.org~fixture'
    directory.mkdir()
    (directory / 'fixture').write_text(INIT)
    (directory / 'fixture').chmod(0o755)
    return str(directory / 'fixture')


@pytest.fixture(name='stage')
def _stage(executable):
    made = Stage(Driver(executable, NAME, ENVIRONMENT, {'share': 'data', 'kubernetes.io/fsType': 'nfs'}, 10), Report('full'), 'f00ba4f00ba4')
    yield made
    os.rmdir(made.root)


def outcomes(checks):
    return {check.number: check.outcome for check in checks}


def test_every_check_has_a_title_a_level_and_advice():
    for entry in CATALOGUE.values():
        assert entry.title and entry.level in ('MUST', 'SHOULD') and entry.advice.endswith('.')


def test_the_basic_suite_is_part_of_the_full_one():
    basic, full = (set(outcomes(Report(suite).checks())) for suite in ('basic', 'full'))
    assert basic < full == set(CATALOGUE)


def test_a_report_keeps_the_first_failure():
    report = Report('full')
    report.passed(401, 'fine')
    report.failed(401, 'first')
    report.failed(401, 'second')
    report.passed(401)
    report.leave_out(400, 402, 'why')
    found = {check.number: check for check in report.checks()}
    assert (found[401].outcome, found[401].evidence) == ('failed', 'first')
    assert (found[402].outcome, found[402].evidence) == ('left out', 'why')
    assert report.has_failed(401, 402) and not report.has_failed(402)


def test_a_must_is_shown_before_a_should_and_what_the_driver_did_before_what_drivers_do():
    report = Report('full')
    report.failed(407, 'a riddle')
    report.failed(407, 'harm', 'MUST', 'Mend this.')
    report.failed(407, 'another riddle')
    found = {check.number: check for check in report.checks()}
    assert (found[407].level, found[407].evidence, found[407].advice) == ('MUST', 'harm', 'Mend this.')


def test_only_a_must_counts_unless_strict():
    report = Report('full')
    report.failed(202, 'SHOULD')
    assert suite.failures(report.checks()) == []
    assert [check.number for check in suite.failures(report.checks(), strict=True)] == [202]
    report.failed(201, 'MUST')
    assert [check.number for check in suite.failures(report.checks())] == [201]


def test_a_waived_failure_does_not_count_and_keeps_its_reason():
    report = Report('full', {'201': 'known since 2019'})
    report.failed(201, 'MUST')
    assert suite.failures(report.checks(), strict=True) == []
    assert {check.number: check.waived for check in report.checks() if check.waived} == {201: 'known since 2019'}


def test_a_failure_keeps_the_callout_that_came_before_it(executable):
    with open(executable, 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\n')
    found = {check.number: check.callout for check in suite.run(executable, NAME, ENVIRONMENT)}
    assert found[201] == f'cd / && env -i PATH=/usr/bin:/bin {shlex.quote(executable)} init </dev/null 2>&1'
    assert found[101] == found[202] == ''


def test_a_missing_driver_fails_one_check_and_leaves_out_the_others(tmp_path):
    found = outcomes(suite.run(str(tmp_path / 'none'), NAME, ENVIRONMENT, suite=FULL))
    assert {number for number, outcome in found.items() if outcome == 'failed'} == {101}
    assert set(found.values()) == {'failed', 'left out'}


def test_check_mode_calls_init_and_mounts_nothing(executable):
    found = outcomes(suite.run(executable, NAME, ENVIRONMENT, suite=FULL, check=True))
    assert found[201] == found[203] == found[204] == found[801] == found[803] == 'passed'
    assert found[202] == 'failed'
    assert {found[number] for number in found if 300 <= number < 800} == {'left out'}


def test_a_callout_that_hangs_stops_the_run_once(executable):
    with open(executable, 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\nsleep 60\n')
    checks = {check.number: check for check in suite.run(executable, NAME, ENVIRONMENT, suite=FULL, timeout=0.3)}
    assert checks[201].outcome == 'failed' and 'had not finished' in checks[201].evidence
    assert checks[401].outcome == 'left out' and checks[802].outcome == 'passed'


def test_a_volume_that_cannot_be_looked_at_fails_its_check(executable):
    def stale(_stage, _report):
        raise OSError(116, 'Stale file handle')

    unlucky = suite.BASIC._replace(steps=(suite.Step(401, 414, stale, ()), suite.Step(411, 414, stale, (401,))))
    checks = {check.number: check for check in suite.run(executable, NAME, ENVIRONMENT, suite=unlucky)}
    assert (checks[401].outcome, checks[401].evidence) == ('failed', 'a volume cannot be used: [Errno 116] Stale file handle (on the node itself too)')
    assert (checks[411].outcome, checks[411].evidence) == ('left out', 'a volume cannot be used')
    assert checks[803].outcome == 'passed'


def test_what_differs_in_a_directory(executable):
    before = static.listing(executable)
    os.utime(executable)
    assert static.changes(before, static.listing(executable)) == ''
    with open(os.path.join(os.path.dirname(executable), 'log'), 'w', encoding='ascii') as file:
        file.write('x')
    assert static.changes(before, static.listing(executable)) == 'it changed log in the driver directory'


def test_the_made_up_pod(stage):
    volume = Volume(stage, read_only=True, fs_group=5, options={'share': 'other'})
    assert volume.path.startswith(f'{stage.root}/pods/{volume.uid}/volumes/example.org~fixture/')
    text = volume.spec_of_mount()
    for part in ('"kubernetes.io/readwrite":"ro"', '"kubernetes.io/mounterArgs.FsGroup":"5"', f'"kubernetes.io/pod.uid":"{volume.uid}"',
                 '"share":"other"', '"kubernetes.io/fsType":"nfs"'):
        assert part in text
    assert 'pod.uid' not in volume.spec()
    assert stage.token in volume.uid and stage.token in volume.name


def test_describe():
    answer = callout.Answer(['/driver', 'mount'], 1, '{"status": "Failure", "message": "no share"}', 0.1, False, None, False)
    assert describe(callout.judge(answer)) == 'mount: Failure: no share'
    assert describe(callout.judge(answer._replace(output=''))).startswith('mount: it printed nothing')
    assert describe(callout.judge(answer._replace(argv=['/driver'], output='{"status": "Failure"}'))) == 'no callout: Failure: no message'


MOUNTS = [
    Mount(1, '/', '/', frozenset(), 'ext4', '/dev/x'), Mount(2, '/export', '/store', frozenset(), 'ext4', '/dev/y'),
    Mount(3, '/export/pod', '/pods/a', frozenset(), 'ext4', '/dev/y'), Mount(4, '/var/data', '/pods/b', frozenset(), 'ext4', '/dev/x'),
    Mount(5, '/', '/pods/c', frozenset(), 'tmpfs', 'none'),
]


@pytest.mark.parametrize('path, origin', [('/pods/a', '/store/pod'), ('/pods/b', '/var/data'), ('/pods/c', None), ('/pods/d', None)])
def test_the_origin_of_a_bind_mount(monkeypatch, path, origin):
    monkeypatch.setattr(stage, '_same', lambda one, other: True)
    assert origin_of(path, MOUNTS) == origin


def test_an_origin_that_is_hidden_by_another_mount_is_none(monkeypatch):
    monkeypatch.setattr(stage, '_same', lambda one, other: False)
    assert origin_of('/pods/a', MOUNTS) is None


@pytest.mark.parametrize('path, inside, watched, failed', [
    ('{plugin_dir}', True, ('{plugin_dir}', '{directory}'), set()),
    ('/elsewhere', True, ('{plugin_dir}', '{directory}'), {701}),
    ('{plugin_dir}', True, ('{directory}',), {702}),
    ('{plugin_dir}', True, ('{plugin_dir}',), {703}),
    ('/elsewhere', False, (), set()),
])
def test_the_kubelet(executable, monkeypatch, path, inside, watched, failed):
    directory = os.path.dirname(executable)
    names = {'plugin_dir': os.path.dirname(directory), 'directory': directory}
    monkeypatch.setattr(static, 'WATCH_PATIENCE', 0.1)
    monkeypatch.setattr(directories, 'locate', lambda kubelet: (directories.PluginDir(path.format(**names), 'process', 'the flag says so'), ''))
    monkeypatch.setattr(watches, 'on', lambda kubelet, place: place in [text.format(**names) for text in watched])
    report = Report('full')
    running = process.Kubelet(1, 'kubelet', [], {}, '/var/lib/kubelet', None) if inside else None
    static.kubelet(running, executable, report)
    found = {check.number: check for check in report.checks() if check.number // 100 == 7}
    assert {number for number, check in found.items() if check.outcome == 'failed'} == failed
    if not inside:
        assert {check.evidence for check in found.values()} == {'no kubelet runs on this node'}


def test_an_orphan_is_adopted_found_and_killed():
    before = set(processes.descendants())
    with processes.adopting():
        subprocess.run(['sh', '-c', 'setsid sleep 60 >/dev/null 2>&1 &'], check=True)
        left = processes.remaining(before, 0)
        assert len(left) == 1
        # The command line is the shell's until the orphan has become what it is to be.
        deadline = time.monotonic() + 10
        while not [line for line in left.values() if line.endswith('sleep 60')] and time.monotonic() < deadline:
            left = processes.remaining(before, 0)
        assert [line for line in left.values() if line.endswith('sleep 60')]
        processes.kill(left)
        assert processes.remaining(before, 0) == {}


def test_a_process_that_ends_in_time_is_not_left():
    before = set(processes.descendants())
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1)'])
    assert child.pid in processes.remaining(before, 0)
    assert processes.remaining(before, 10) == {}


def test_killing_what_is_gone_is_no_error():
    child = subprocess.Popen(['true'])
    child.wait()
    processes.kill([child.pid])
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, signal.SIG_DFL)
