# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results as tables and ratios, put into docs/docsite/rst/speed.rst between its markers."""

import os
import pathlib
import platform
import re
import subprocess

import pages
from experiments import FIRST, FORKS, MODES, PIPELINING, STEPS, STRATEGIES, UNCHANGED
from plays import FLOOR, OURS, PEER, Mode


def write(results: dict):
    """Write every generated block of speed.rst anew."""
    blocks = {
        'machine': machine(results), 'ratios': ratios(results), 'comparison': comparison(results['compared'], PIPELINING),
        'modes': modes(results['compared']), 'growth': growth(results), 'forks': forks(results['by_forks']), 'fleet': fleet(results['by_hosts']),
        'start': start(results['by_module'])}
    for name, block in blocks.items():
        pages.write(pages.RST / 'speed.rst', name, block)


def machine(results: dict) -> str:
    """Say what it was measured on."""
    cpus = pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8')
    model = re.search(r'model name\s*: (.*)', cpus)
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    version = subprocess.run(['ansible', '--version'], capture_output=True, text=True, check=True).stdout.partition('\n')[0]
    return (f'{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory:.0f} GiB; {version}, Python {platform.python_version()}; '
            f'{_counted(results["nodes"], "node")} on the same machine, 10 forks, median of {_counted(results["rounds"], "round")} with pipelining, '
            'one without and with mitogen.\n')


def ratios(results: dict) -> str:
    """Say what the comparison comes to."""
    costs = results['compared'][PIPELINING]['costs']
    ours, peer = (_times(costs, UNCHANGED, who, FLOOR) for who in (OURS, PEER))
    lines = [f'- An unchanged deploy takes {ours} as long as one ping, the plain role {peer}.']
    for step in STEPS:
        lines.append(f'- {step[0].upper()}{step[1:]}: the plain role takes {_times(costs, step, PEER, OURS)} as long as ours, and '
                     f'{_times(costs, step, PEER, OURS, "cpu")} the CPU time of the controller.')
    return '\n'.join(lines) + '\n'


def _times(costs: dict, step: str, one: str, other: str, figure: str = 'wall') -> str:
    return f'{getattr(costs[_key(one, step)], figure) / getattr(costs[_key(other, step)], figure):.1f} times'


def _key(who: str, step: str) -> tuple:
    return (FLOOR, FLOOR) if who == FLOOR else (who, step)


def comparison(compared: dict, mode: str) -> str:
    """Return the table of all steps."""
    costs, executions = compared[mode]['costs'], compared[mode]['executions']
    rows = [[FLOOR, 'one', *_figures(costs[FLOOR, FLOOR]), executions[FLOOR, FLOOR]]]
    for step in STEPS:
        for who in (OURS, PEER):
            rows.append([step, who, *_figures(costs[who, step]), executions[who, step]])
    return pages.table(['', '', 'seconds', 'CPU seconds', 'MiB', 'remote executions a node'], rows)


def _figures(cost) -> list:
    return [f'{cost.wall:.1f}', f'{cost.cpu:.1f}', f'{cost.memory:.0f}']


def modes(compared: dict) -> str:
    """Return the table of the modes, in pings of the same mode."""
    rows = []
    for name in MODES:
        costs, executions = compared[name]['costs'], compared[name]['executions']
        for who, step in ((FLOOR, FLOOR), (OURS, UNCHANGED), (OURS, FIRST), (PEER, UNCHANGED), (PEER, FIRST)):
            cost = costs[who, step]
            rows.append([name, who, '' if who == FLOOR else step, f'{cost.wall:.1f}', f'{cost.cpu:.1f}', executions.get((who, step), 'one connection')])
    return pages.table(['', '', '', 'seconds', 'CPU seconds', 'remote executions a node'], rows)


def growth(results: dict) -> str:
    """Return the table of what grows with what."""
    rows = []
    for kind, rest, costs in (('node', '', results['by_nodes']), ('driver', ', 2 nodes', results['by_drivers']), ('mount', ', 1 node', results['by_mounts'])):
        for count, by_contestant in costs.items():
            seconds = [f'{by_contestant[who].wall:.1f} ({by_contestant[who].cpu:.1f})' if who in by_contestant else '' for who in (FLOOR, OURS, PEER)]
            rows.append([f'{_counted(count, kind)}{rest}', *seconds])
    return pages.table(['seconds (CPU seconds)', FLOOR, OURS, PEER], rows)


def forks(costs: dict) -> str:
    """Return the table of forks and strategies."""
    rows = [[strategy, *(f'{costs[Mode(strategy=strategy, forks=count)].wall:.1f} ({costs[Mode(strategy=strategy, forks=count)].cpu:.1f})' for count in FORKS)]
            for strategy in STRATEGIES]
    return pages.table(['seconds (CPU seconds)', *(_counted(count, 'fork') for count in FORKS)], rows)


def fleet(costs: dict) -> str:
    """Return the table of the controller's own cost."""
    rows = [[hosts, mode.strategy, mode.forks, who, *_figures(cost), f'{1000 * cost.cpu / hosts:.0f}'] for (hosts, mode, who), cost in costs.items()]
    return pages.table(['hosts', 'strategy', 'forks', '', 'seconds', 'CPU seconds', 'MiB', 'CPU milliseconds a host'], rows)


def start(costs: dict) -> str:
    """Return the table of what is sent for a module and loaded on its node."""
    rows = [[module, f'{cost.size:.0f}', cost.imported, cost.ours, f'{cost.milliseconds:.0f}'] for module, cost in costs.items()]
    return pages.table(['module', 'KiB sent', 'Python modules imported', 'of them ours', 'milliseconds of imports'], rows)


def _counted(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'
