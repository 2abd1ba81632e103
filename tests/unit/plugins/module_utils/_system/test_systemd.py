# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import systemd


@pytest.mark.parametrize('span, seconds', [
    ('20', 20), ('20s', 20), ('1min', 60), ('1min 30s', 90), ('1h5m', 3900), (' 2 h ', 7200), ('0.5min', 30), ('500ms', 0.5),
    ('1M', 2629800), ('1week', 604800),
])
def test_a_time_span_is_read_as_systemd_reads_it(span, seconds):
    assert systemd.seconds(span) == pytest.approx(seconds)


@pytest.mark.parametrize('span', ['', ' ', 'infinity', 'often', '-5s', '5x', '5 s x', '1,5s', '1min\n30s', '20s\n[Timer]', '\u0665s', '5s%n'])
def test_what_is_no_time_span_or_would_break_the_unit_file_is_not_read(span):
    assert systemd.seconds(span) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(unit for unit in systemd.SECONDS if unit))), min_size=1, max_size=4))
def test_the_terms_of_a_time_span_add_up(terms):
    span = ' '.join(f'{number}{unit}' for number, unit in terms)
    assert systemd.seconds(span) == pytest.approx(sum(number * systemd.SECONDS[unit] for number, unit in terms))


@given(st.text(max_size=10))
def test_a_time_span_is_one_line_of_numbers_and_units(text):
    assert systemd.seconds(text) is None or text.isprintable()


@pytest.mark.parametrize('since_boot', ['', '0', 'infinity', 'n/a'])
def test_a_timer_that_never_elapsed_has_no_time(since_boot):
    assert systemd._clock_time(since_boot) is None


def test_only_units_that_have_a_file_are_installed(tmp_path, monkeypatch):
    (tmp_path / 'k3s.service').write_text('')
    monkeypatch.setattr(systemd, 'SEARCHED', (str(tmp_path / 'missing'), str(tmp_path)))
    assert systemd.installed(['kubelet.service', 'k3s.service']) == ['k3s.service']


def test_what_a_killed_run_left_of_a_unit_goes_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(systemd, 'UNIT_DIR', str(tmp_path))
    (tmp_path / '.gone.timer').write_text('[Ti')
    systemd.ensure({}, [], ['gone.timer'], check=True)
    assert (tmp_path / '.gone.timer').exists()
    systemd.ensure({}, [], ['gone.timer'], check=False)
    assert not (tmp_path / '.gone.timer').exists()


@pytest.mark.parametrize('version, left', [
    (237, ['LockPersonality=true']), (239, ['LockPersonality=true', 'SystemCallFilter=@system-service umount2']),
    (247, ['LockPersonality=true', 'ProtectClock=true', 'SystemCallFilter=@system-service umount2'])])
def test_an_older_systemd_is_told_only_what_it_knows(monkeypatch, version, left):
    monkeypatch.setattr(systemd, 'version', lambda: version)
    text = 'LockPersonality=true\nProtectClock=true\nSystemCallFilter=@system-service umount2\n'
    assert systemd.understood(text).splitlines() == left


@pytest.mark.parametrize('said, version', [
    ('systemd 237\n+PAM +AUDIT\n', 237), ('systemd 252 (252.38-1~deb12u1)\n', 252), ('systemd 256~rc1 (256~rc1)\n', 256)])
def test_the_version_is_what_systemctl_says(monkeypatch, said, version):
    monkeypatch.setattr(systemd, 'usable', lambda: True)
    monkeypatch.setattr(systemd, '_systemctl', lambda *arguments: said)
    assert systemd.version.__wrapped__() == version


def test_without_systemctl_there_is_no_version(monkeypatch):
    monkeypatch.setattr(systemd, 'usable', lambda: False)
    assert systemd.version.__wrapped__() == 0


def test_nothing_is_left_of_a_unit_for_which_the_disk_is_too_full(monkeypatch, tmp_path):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(systemd, 'UNIT_DIR', str(tmp_path))
    monkeypatch.setattr(systemd.os, 'fchmod', full)
    with pytest.raises(NodeError, match=r'The units could not be written to .*No space left on device'):
        systemd._apply({'a.service': '[Unit]\n'}, [], [])
    assert list(tmp_path.iterdir()) == []


def test_a_power_cut_leaves_the_whole_unit_or_none(monkeypatch, tmp_path, renamed):
    monkeypatch.setattr(systemd, 'UNIT_DIR', str(tmp_path))
    monkeypatch.setattr(systemd, 'running', lambda: False)
    (tmp_path / '.a.service').write_text('[Un')
    systemd._apply({'a.service': '[Unit]\n'}, [], [])
    assert (renamed, (tmp_path / 'a.service').read_text()) == ([str(tmp_path / 'a.service')], '[Unit]\n')


@pytest.mark.parametrize('stopped', [False, True])
def test_units_that_were_removed_are_enabled_and_started_again_when_that_is_taken_back(monkeypatch, tmp_path, stopped):
    on, started = {'a.timer', 'b.service'}, {'a.timer'}

    def systemctl(verb, *arguments):
        units = [argument for argument in arguments if argument.endswith(('.timer', '.service'))]
        if verb == 'disable':
            on.difference_update(units)
            started.difference_update(units)
            if stopped:
                raise KeyboardInterrupt
        elif verb == 'reenable':
            on.update(units)
        elif verb == 'restart':
            started.update(units)
        states = {True: 'enabled', False: 'static'}
        return '\n\n'.join(f'UnitFileState={states[unit in on]}\nActiveState={"active" if unit in started else "inactive"}' for unit in units)

    monkeypatch.setattr(systemd, 'UNIT_DIR', str(tmp_path))
    monkeypatch.setattr(systemd, 'running', lambda: True)
    monkeypatch.setattr(systemd, '_systemctl', systemctl)
    units = ['a.timer', 'a.service', 'b.service', 'missing.timer']
    for unit in units[:3]:
        (tmp_path / unit).write_text('[Unit]\n')
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            systemd.ensure({}, [], units, check=False)
    else:
        outcome = systemd.ensure({}, [], units, check=False)
        assert (list(tmp_path.iterdir()), on, started) == ([], set(), set())
        assert outcome.take_back() == []
    assert {path.name for path in tmp_path.iterdir()} == set(units[:3])
    assert (on, started) == ({'a.timer', 'b.service'}, {'a.timer'})


def test_a_service_that_was_stopped_is_forgiven_while_the_next_run_would_still_know_of_it(monkeypatch, tmp_path):
    there = []

    def systemctl(*arguments):
        if arguments[0] == 'reset-failed':
            there.append(sorted(path.name for path in tmp_path.iterdir()))
        return 'UnitFileState=static\nActiveState=failed'

    monkeypatch.setattr(systemd, 'UNIT_DIR', str(tmp_path))
    monkeypatch.setattr(systemd, 'running', lambda: True)
    monkeypatch.setattr(systemd, '_systemctl', systemctl)
    (tmp_path / 'a.service').write_text('[Unit]\n')
    systemd.ensure({}, [], ['a.service'], check=False)
    assert there == [['a.service']]
