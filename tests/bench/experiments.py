# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured. Contestants take turns within each round, so that whatever else the machine does falls on all of them."""

import contextlib
import re
import statistics
import sys
import time
from typing import NamedTuple

from plays import FLOOR, HERE, OURS, PEER, PIPELINED, Failure, Mode, Plays, median

PIPELINING = 'pipelining'
MODES = {PIPELINING: PIPELINED, 'no pipelining': Mode(pipelining=False), 'mitogen': Mode(strategy='mitogen_linear')}
FIRST, UNCHANGED, CHANGED, REMOVAL = STEPS = ('first deploy', 'unchanged deploy', 'one driver changed', 'removal')
NODES = (1, 2, 5, 10, 20)
DRIVERS = (1, 5, 20)
MOUNTS = (0, 100, 1000)
HOSTS = (100, 1000)
PYTHON = '/usr/bin/python3'
FORKS = (1, 5, 10, 20)
STRATEGIES = ('linear', 'free', 'mitogen_linear')
FLEET_FORKS = (5, 25, 100)
NO_DRIVERS = {'drivers': []}
MODULES = {
    'ansible.builtin.ping': {}, 'ansible.builtin.file': {'path': '/'}, 'ansible.builtin.systemd_service': {'name': 'dbus'},
    f'{OURS}.node': NO_DRIVERS, f'{OURS}.driver': NO_DRIVERS, f'{OURS}.host_paths': NO_DRIVERS, f'{OURS}.touch_timer': NO_DRIVERS,
    f'{OURS}.prune_timer': NO_DRIVERS, f'{OURS}.callout': {'name': 'nodeops/bench', 'callout': 'init'}, f'{OURS}.conformance': NO_DRIVERS,
    f'{OURS}.node_info': {}}
IMPORT = re.compile(r'^import time: +(\d+) \| +\d+ \| +(\S+)$', re.MULTILINE)


class Start(NamedTuple):
    """What precedes the first line of a module on its node: KiB sent, Python modules imported, how many of them ours, milliseconds taken by that."""

    size: float
    imported: int
    ours: int
    milliseconds: float


def everything(plays: Plays, node_set, nodes: int, rounds: int) -> dict:
    """Return the results of all experiments by name."""
    compared = compare(plays, node_set, nodes, list(MODES), rounds)
    insist_on_one_execution(compared)
    results = {'nodes': nodes, 'rounds': rounds, 'compared': compared}
    for experiment in (by_nodes, by_drivers, by_mounts, by_forks, by_hosts, by_module):
        results[experiment.__name__] = experiment(plays, node_set, rounds)
    return results


def compare(plays: Plays, node_set, nodes: int, modes: list, rounds: int) -> dict:
    """Return for each mode the median Cost by contestant and step, and the remote executions a node likewise."""
    plays.write_drivers(1)
    first, hosts = _hosts(node_set, 1), _hosts(node_set, nodes)
    ssh = str(node_set.dir / 'ssh')
    results = {}
    for name in modes:
        mode = MODES[name]
        costs, executions = {}, {}
        # Opens the connections, and each contestant finds them open.
        plays.run(FLOOR, FLOOR, mode, hosts)
        for number in range(rounds if name == PIPELINING else 1):
            for who in (OURS, PEER)[::1 if number % 2 else -1]:
                _say(f'{name}, round {number + 1}, {who}')
                costs.setdefault((FLOOR, FLOOR), []).append(plays.run(FLOOR, FLOOR, mode, hosts))
                for step, play, changes in _steps(plays):
                    costs.setdefault((who, step), []).append(plays.run(who, play, mode, hosts, changes))
        # mitogen keeps one connection, and what it asks for goes through that.
        if mode.strategy == 'linear':
            executions[FLOOR, FLOOR] = plays.executions(FLOOR, FLOOR, first, ssh, mode=mode)
            for who in (OURS, PEER):
                for step, play, changes in _steps(plays):
                    executions[who, step] = plays.executions(who, play, first, ssh, mode=mode, changes=changes)
        results[name] = {'costs': {key: median(values) for key, values in costs.items()}, 'executions': executions}
    return results


def _steps(plays: Plays):
    for step in STEPS:
        if step == CHANGED:
            plays.change_driver()
        yield step, 'removal' if step == REMOVAL else 'deploy', step != UNCHANGED


def insist_on_one_execution(compared: dict):
    """Raise Failure if any step of ours took more than one remote execution a node."""
    for step in STEPS:
        count = compared[PIPELINING]['executions'][OURS, step]
        if count != 1:
            raise Failure(f'{step}: {count} remote executions a node, where one has to do.')


def by_nodes(plays: Plays, node_set, rounds: int) -> dict:
    """Unchanged deploys on more and more nodes."""
    plays.write_drivers(1)
    with _deployed(plays, _hosts(node_set, NODES[-1])):
        return {nodes: _round_robin(plays, _hosts(node_set, nodes), rounds if nodes < 20 else 1) for nodes in NODES}


def by_drivers(plays: Plays, node_set, _rounds: int) -> dict:
    """Unchanged deploys of more and more drivers on two nodes."""
    results = {}
    for drivers in DRIVERS:
        plays.write_drivers(drivers)
        with _deployed(plays, _hosts(node_set, 2)):
            results[drivers] = _round_robin(plays, _hosts(node_set, 2), 1)
    return results


def by_mounts(plays: Plays, node_set, rounds: int) -> dict:
    """Unchanged deploys on a node with more and more volumes mounted."""
    plays.write_drivers(1)
    host, results, mounted = _hosts(node_set, 1), {}, 0
    volumes = '/var/lib/kubelet/pods/bench/volumes/other~driver'
    with _deployed(plays, host, (OURS,)):
        for mounts in MOUNTS:
            script = f'mkdir -p {volumes}; for n in $(seq {mounted + 1} {mounts}); do mkdir {volumes}/$n; mount -t tmpfs bench {volumes}/$n; done'
            node_set.run(host, 'sh', '-ec', script)
            mounted = mounts
            # systemd learns of each mount and is busy with that for a while.
            time.sleep(mounts / 100)
            results[mounts] = _round_robin(plays, host, 2 * rounds, (FLOOR, OURS))
    node_set.run(host, 'sh', '-ec', f'umount {volumes}/*; rm -r /var/lib/kubelet/pods/bench')
    return results


def by_forks(plays: Plays, node_set, rounds: int) -> dict:
    """Unchanged deploys on all nodes under each strategy with more and more forks."""
    plays.write_drivers(1)
    hosts = _hosts(node_set, NODES[-1])
    with _deployed(plays, hosts, (OURS,)):
        modes = [Mode(strategy=strategy, forks=forks) for strategy in STRATEGIES for forks in FORKS]
        costs = {mode: [] for mode in modes}
        for _number in range(min(rounds, 2)):
            for mode in modes:
                _say(f'{mode.strategy}, {mode.forks} forks')
                costs[mode].append(plays.run(OURS, 'deploy', mode, hosts))
    return {mode: median(values) for mode, values in costs.items()}


def by_hosts(plays: Plays, _node_set, _rounds: int) -> dict:
    """What the controller itself needs for a fleet: ssh is a script that answers at once, so that neither network nor nodes count."""
    results = {}
    for count in HOSTS:
        fleet = Plays(_answering(count), plays.work / 'fleet', plays.strategies)
        fleet.write_drivers(1)
        for mode in [Mode(forks=forks) for forks in FLEET_FORKS] + [Mode(forks=FLEET_FORKS[-1], strategy='free')]:
            for who, what in ((FLOOR, FLOOR), (OURS, 'deploy')):
                _say(f'{count} hosts, {mode.strategy}, {mode.forks} forks, {who}')
                results[count, mode, who] = fleet.run(who, what, mode)
    return results


def by_module(plays: Plays, node_set, rounds: int) -> dict:
    """What the controller sends for each module, and what Python does with it on a node before the module's own work."""
    controller, results = Plays(_answering(1), plays.work / 'modules', plays.strategies), {}
    for module, arguments in MODULES.items():
        _say(module)
        payload = controller.sent(module, arguments)
        # What the module then says of the node is of no interest, nor whether it fails for want of a driver.
        command = ('sh', '-c', f'{PYTHON} -X importtime - 2>&1 >/dev/null || true')
        imports = [IMPORT.findall(node_set.run(_hosts(node_set, 1), *command, stdin=payload)) for _number in range(3 * rounds)]
        results[module] = Start(
            len(payload) / 1024, len(imports[0]), sum('flexvolume' in name for _microseconds, name in imports[0]),
            statistics.median(sum(int(microseconds) for microseconds, _name in found) / 1000 for found in imports))
    return results


def _answering(count: int) -> str:
    hosts = '\n'.join(f'    host{number}: {{}}' for number in range(count))
    return f'''\
all:
  hosts:
{hosts}
  vars:
    ansible_user: root
    ansible_python_interpreter: {PYTHON}
    ansible_ssh_executable: {HERE}/answer
'''


@contextlib.contextmanager
def _deployed(plays: Plays, hosts: str, contestants: tuple = (OURS, PEER)):
    _say(f'deploying on {hosts.count(",") + 1} nodes')
    for who in contestants:
        plays.run(who, 'deploy', hosts=hosts, changes=True)
    yield
    for who in contestants:
        plays.run(who, 'removal', hosts=hosts, changes=True)


def _round_robin(plays: Plays, hosts: str, rounds: int, contestants: tuple = (FLOOR, OURS, PEER)) -> dict:
    costs = {who: [] for who in contestants}
    for _number in range(rounds):
        for who in contestants:
            _say(f'{hosts.count(",") + 1} nodes, {who}')
            costs[who].append(plays.run(who, FLOOR if who == FLOOR else 'deploy', hosts=hosts))
    return {who: median(values) for who, values in costs.items()}


def _hosts(node_set, count: int) -> str:
    return ','.join(list(node_set.nodes)[:count])


def _say(text: str):
    print(f'bench: {text}', file=sys.stderr, flush=True)
