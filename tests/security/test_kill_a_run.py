# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed at any of its system calls, a run that publishes, replaces, brings back or withdraws a driver leaves no node broken after one touch.

The kernel delivers the kill: strace injects it at the n-th call of its kind. Each version of the driver takes no other config than its own.
"""

import itertools
import os
import random
import re
import subprocess
import sys
import time

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import publish, recovery, withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload, Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import callout
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName

NAME = DriverName('acme', 'd')
PICKY = '#!/bin/sh\ncase $(cat "${0%%/*}/.config.json") in *\'"v": %d\'*) echo \'{"status": "Success"}\';; *) echo \'{"status": "Failure"}\';; esac\n'
BEGIN = '/a-run-begins'
STEPS = ('publish', 'replace', 'go back', 'withdraw')
KILLS = 5000


def driver(state: str, version: int = 0) -> dict:
    return {'name': NAME, 'state': state, 'src': None, 'remote_src': False, 'packages': [], 'requires': [], 'config': {'v': version}}


def deploy(plugin_dir: str, version: int):
    payload = Payload(content=(PICKY % version).encode())
    publish.ensure([driver('present', version)], {NAME: payload}, plugin_dir, None, check=False, packages_are_installed=True).settle()


def step(name: str, plugin_dir: str):
    if name == 'withdraw':
        withdraw.ensure([driver('absent')], plugin_dir, None, check=False).settle()
    elif name == 'go back':
        publish.ensure([driver('previous')], {}, plugin_dir, None, check=False, packages_are_installed=True).settle()
    else:
        deploy(plugin_dir, 2)


def prepare(name: str, plugin_dir: str):
    for version in range(0 if name == 'publish' else 2):
        deploy(plugin_dir, version)


def traced(name: str, plugin_dir, *options: str) -> subprocess.CompletedProcess:
    """Take the step in a process of its own under strace."""
    command = ['strace', '-qq', '-o', f'{plugin_dir}.calls', *options, sys.executable, __file__, name, str(plugin_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def system_calls(name: str, plugin_dir) -> list:
    """Return each call that the step makes, as (its name, which one of that name it is)."""
    prepare(name, str(plugin_dir))
    done = traced(name, plugin_dir)
    assert done.returncode == 0, done.stderr
    counts, calls, begun = {}, [], False
    for line in (plugin_dir.parent / f'{plugin_dir.name}.calls').read_text(encoding='utf-8', errors='replace').splitlines():
        call = re.match(r'(\w+)\(', line)
        if call:
            counts[call.group(1)] = counts.get(call.group(1), 0) + 1
            begun = begun or BEGIN in line
            if begun and call.group(1) != 'exit_group':
                calls.append((call.group(1), counts[call.group(1)]))
    return calls


def wrong_with(plugin_dir: str) -> str:
    """Say what is wrong with what the kubelet would see; empty where there is a driver that works, or no trace of one."""
    place = Place(plugin_dir, NAME)
    if not os.path.exists(place.directory):
        return ''
    if not os.path.exists(place.executable):
        return 'a directory without a driver'
    return callout.init(place.executable, {'PATH': os.environ['PATH']}).defect or ''


@pytest.mark.parametrize('name', STEPS)
def test_kill_it_at_each_system_call(tmp_path, soak, name):
    calls = system_calls(name, tmp_path / 'unharmed')
    assert len(calls) > 50
    wanted = soak(8, KILLS // len(STEPS))
    points = random.Random(int(time.time())).sample(calls, wanted) if wanted < len(calls) else list(itertools.islice(itertools.cycle(calls), wanted))
    killed = half_done = 0
    for number, (call, which) in enumerate(points):
        plugin_dir = tmp_path / str(number)
        prepare(name, str(plugin_dir))
        done = traced(name, plugin_dir, '-e', f'trace={call}', '-e', f'inject={call}:signal=KILL:when={which}')
        # How often it waits for a process differs from run to run, so that now and then there is no such call.
        assert done.returncode in (0, -9), done.stderr
        killed += done.returncode == -9
        half_done += bool(recovery.recover(str(plugin_dir)))
        assert wrong_with(str(plugin_dir)) == '', f'killed at {call} {which} of {name}'
        assert recovery.leftovers(str(plugin_dir)) == []
    assert killed >= 0.9 * len(points)
    print(f'{name}: {killed} kills at {len(calls)} system calls, {half_done} times something was half done, 0 nodes broken')


if __name__ == '__main__':
    os.path.exists(BEGIN)
    step(*sys.argv[1:])
