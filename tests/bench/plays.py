# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a play on some hosts, and what it cost the controller."""

import ctypes
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import time
from typing import NamedTuple

HERE = pathlib.Path(__file__).parent
COUNTING = HERE.parent / 'counting/ssh'
FLOOR = 'ping'
OURS = 'nodeops.flexvolume'
PEER = 'plain role'
PLAYS = {
    (FLOOR, 'ping'): HERE / 'ping.yml',
    (OURS, 'deploy'): 'nodeops.flexvolume.deploy',
    (OURS, 'removal'): 'nodeops.flexvolume.remove',
    (PEER, 'deploy'): HERE / 'peer.yml',
    (PEER, 'removal'): HERE / 'peer_removal.yml',
}
RECAP = re.compile(r'^\S+ +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)', re.MULTILINE)
PR_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """What a run cost the controller: seconds, CPU seconds, and the MiB of its largest process."""

    wall: float
    cpu: float
    memory: float


class Mode(NamedTuple):
    """How Ansible is set."""

    pipelining: bool = True
    strategy: str = 'linear'
    forks: int = 10


PIPELINED = Mode()


class Failure(Exception):
    """A play did not do what it was to do, so that its cost says nothing."""


def median(costs: list) -> Cost:
    """Return the median of each figure."""
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))


class Plays:
    """The plays, on the hosts of one inventory. Each contestant has drivers of its own vendor, so that neither undoes the other's work."""

    def __init__(self, inventory: str, work: pathlib.Path, strategies: pathlib.Path):
        self.work = work
        self.strategies = strategies
        work.mkdir(exist_ok=True)
        self._inventory = work / 'inventory.yml'
        self._inventory.write_text(inventory, encoding='utf-8')
        self._versions = []

    def write_drivers(self, count: int):
        """Have C(count) drivers from now on."""
        self._versions = [0] * count
        for number in range(count):
            self._write(number)

    def change_driver(self):
        """Write a new version of the first driver."""
        self._versions[0] += 1
        self._write(0)

    def run(self, who: str, what: str, mode: Mode = PIPELINED, hosts: str = 'all', changes: bool = False, environment: dict = None, **variables) -> Cost:
        """Run a play to its end and return its cost; raise Failure unless it changed something on each host, or on none, as C(changes) says."""
        variables = {'flexvolume_drivers': self._declared(who), 'flexvolume_batches': ['100%'], **variables}
        command = ['ansible-playbook', '-i', self._inventory, '--limit', hosts, '-e', json.dumps(variables), PLAYS[who, what]]
        cost, output = _measured([str(word) for word in command], dict(self._settings(mode), **(environment or {})))
        recap = RECAP.findall(output)
        if not recap or any(bool(int(changed)) != changes or int(unreachable) or int(failed) for changed, unreachable, failed in recap):
            raise Failure(f'{who}, {what}: not what a run that {"changes" if changes else "changes nothing"} ends with:\n{output}')
        return cost

    def executions(self, who: str, what: str, host: str, ssh: str, **options) -> int:
        """Run a play on one host and return how often the controller asked for something there; a file transfer counts as well."""
        calls = self.work / 'executions'
        calls.write_text('', encoding='utf-8')
        environment = {'EXECUTIONS': str(calls), 'COUNTED_SSH': ssh, 'ANSIBLE_SSH_TRANSFER_METHOD': 'piped'}
        self.run(who, what, hosts=host, environment=environment, ansible_ssh_executable=str(COUNTING), **options)
        return len(calls.read_text(encoding='utf-8').splitlines())

    def sent(self, module: str, arguments: dict) -> str:
        """Return what the controller sends to a host that answers for a module."""
        payload = self.work / 'payload'
        command = ['ansible', '-i', self._inventory, 'all', '-m', module] + (['-a', json.dumps(arguments)] if arguments else [])
        done = subprocess.run(command, env=dict(self._settings(PIPELINED), SENT=str(payload)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f'{module} was not sent:\n{done.stdout}{done.stderr}')
        return payload.read_text(encoding='utf-8')

    def _settings(self, mode: Mode) -> dict:
        return {
            **os.environ, 'ANSIBLE_FORKS': str(mode.forks), 'ANSIBLE_PIPELINING': str(mode.pipelining), 'ANSIBLE_STRATEGY': mode.strategy,
            'ANSIBLE_HOST_KEY_CHECKING': 'False', 'ANSIBLE_STRATEGY_PLUGINS': str(self.strategies),
            'ANSIBLE_SSH_ARGS': '-o ControlMaster=auto -o ControlPersist=600s'}

    def _write(self, number: int):
        source = (HERE.parents[1] / 'files/dynhostpath.py').read_text(encoding='utf-8')
        self._source(number).write_text(f'{source}# {number}.{self._versions[number]}\n', encoding='utf-8')

    def _source(self, number: int) -> pathlib.Path:
        return self.work / f'driver-{number}.py'

    def _declared(self, who: str) -> list:
        vendor = 'plain' if who == PEER else 'nodeops'
        return [{
            'name': f'{vendor}/bench{number}', 'src': str(self._source(number)),
            'config': {'base': f'/var/lib/bench/{number}', 'layout': '{namespace}/{pod}/{uid}'},
            'host_paths': [{'path': f'/var/lib/bench/{number}', 'mode': '0700'}],
        } for number in range(len(self._versions))]


def adopt_orphans():
    """Become the parent of what a play leaves behind, so that its CPU time can be seen: the shared SSH connections, which do the encryption."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _measured(command: list, environment: dict) -> tuple:
    cpu, start = _cpu_of_children(), time.monotonic()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _pid, _status, usage = os.wait4(process.pid, 0)
    return Cost(time.monotonic() - start, _cpu_of_children() - cpu, usage.ru_maxrss / 1024), output


def _cpu_of_children() -> float:
    """Return the CPU seconds of all children so far, ended or running."""
    running = 0
    for pid in pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text(encoding='ascii').split():
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
        if fields[0] == 'Z':
            os.waitpid(int(pid), 0)
        else:
            running += int(fields[11]) + int(fields[12])
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + running / os.sysconf('SC_CLK_TCK')
