# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shutil
import subprocess
import sys

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import program, records, timers, touch, touch_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._deploy._kept import NAME


def test_the_program_is_made_of_all_that_it_imports_and_runs(plugins, tmp_path):
    outcome = Outcome()
    program.install(outcome)
    command = program.command()
    done = subprocess.run([sys.executable, *command[1:], 'nonsense'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    assert (done.returncode, done.stdout.startswith("'nonsense' is no driver name")) == (2, True)
    loaded = {name for name in sys.modules if name.startswith(program.HOUSE + '.')}
    assert {f'{program.HOUSE}.{room.replace("/", ".")}' for room in touch.ROOMS} <= loaded
    program.install(outcome)
    assert len(outcome.undo) == 1
    program.tidy()
    assert os.path.isdir(command[-1])
    bundle = tmp_path / 'kept' / 'flexvolume-node.pyz'
    bundle.write_text('which the node applies by itself')
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert os.listdir(records.DIRECTORY) == [bundle.name]
    bundle.unlink()
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)


def test_a_power_cut_leaves_the_whole_program_or_none(plugins, renamed):
    program.install(Outcome())
    assert renamed == [program.command()[-1]]


@pytest.mark.parametrize('version', [237, 252])
def test_a_program_that_the_timer_of_any_driver_runs_stays(plugins, tmp_path, monkeypatch, version):
    monkeypatch.setattr(touch_timer.systemd, 'version', lambda: version)
    monkeypatch.setattr(timers.systemd, 'UNIT_DIR', str(tmp_path / 'units'))
    (tmp_path / 'units').mkdir()
    program.install(Outcome())
    for name in ('touch-older', 'touch-oldest'):
        os.mkdir(os.path.join(records.DIRECTORY, name))
    service = touch_timer.texts(NAME, '15s', '/plugins', ['kubelet.service'], f'/usr/bin/python3 -I -S {records.DIRECTORY}/touch-older', [])[1]
    (tmp_path / 'units' / 'flexvolume-touch-acme-d.service').write_text(service)
    assert timers.program_of('flexvolume-touch-acme-d.service') == f'{records.DIRECTORY}/touch-older'
    program.tidy()
    assert {name for name in os.listdir(records.DIRECTORY) if name.startswith('touch-')} == {'touch-older', os.path.basename(program.command()[-1])}


def test_a_program_that_a_timer_lost_is_a_difference(plugins, tmp_path, monkeypatch):
    monkeypatch.setattr(timers.systemd, 'UNIT_DIR', str(tmp_path / 'units'))
    (tmp_path / 'units').mkdir()
    outcome = Outcome()
    program.install(outcome, check=True)
    assert not outcome.changed and not os.path.exists(program.command()[-1])
    service = touch_timer.texts(NAME, '15s', '/plugins', ['kubelet.service'], ' '.join(program.command()), [])[1]
    (tmp_path / 'units' / 'flexvolume-touch-acme-d.service').write_text(service)
    program.install(outcome, check=True)
    assert ([entry['before_header'] for entry in outcome.diff], os.path.exists(program.command()[-1])) == ([program.command()[-1]], False)
    program.install(outcome)
    again = Outcome()
    program.install(again, check=True)
    assert os.path.isdir(program.command()[-1]) and not again.changed


def test_an_installation_that_is_stopped_leaves_nothing(plugins, monkeypatch):
    def stop(*_paths):
        raise KeyboardInterrupt

    before = os.listdir(records.DIRECTORY)
    monkeypatch.setattr(program.os, 'rename', stop)
    with pytest.raises(KeyboardInterrupt):
        program.install(Outcome())
    assert os.listdir(records.DIRECTORY) == before


def test_a_program_of_which_a_part_is_missing_fails_and_is_installed_anew(plugins):
    command = [sys.executable, *program.command()[1:], 'nonsense']
    for _time in range(2):
        program.install(Outcome())
        assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 2
        os.unlink(f'{command[-2]}/flexvolume/_names.py')
        shutil.rmtree(f'{command[-2]}/flexvolume/__pycache__', ignore_errors=True)
        done = subprocess.run(command, stderr=subprocess.PIPE, universal_newlines=True, check=False)
        assert done.returncode == 255
        assert done.stderr.startswith(f'<3>{command[-2]} is broken (') and done.stderr.count('\n') == 1


def test_a_program_that_writes_while_it_is_removed_goes_all_the_same(plugins, monkeypatch):
    program.install(Outcome())
    rmtree, times = shutil.rmtree, []

    def beside_it(path, **keywords):
        rmtree(path, **keywords)
        times.append(path)
        if len(times) < 3:
            os.makedirs(os.path.join(path, '__pycache__'))

    monkeypatch.setattr(shutil, 'rmtree', beside_it)
    records.keep(NAME, {}, Outcome(), check=False)
    program.tidy()
    assert not os.path.exists(records.DIRECTORY)
