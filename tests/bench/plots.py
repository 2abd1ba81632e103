# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results as plots."""

import pathlib

import matplotlib
from experiments import FORKS, PIPELINING, STEPS, STRATEGIES
from matplotlib import pyplot
from plays import FLOOR, OURS, PEER, Mode

COLOURS = {FLOOR: '#999999', OURS: '#0072b2', PEER: '#d55e00'}
SVG_HEADER = '''\
<!-- Copyright: (c) 2026, The nodeops.flexvolume maintainers
     GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
     SPDX-License-Identifier: GPL-3.0-or-later -->
'''


def draw(results: dict, docs: pathlib.Path):
    """Draw every plot of speed.rst anew."""
    matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'speed', 'font.size': 9, 'axes.spines.top': False, 'axes.spines.right': False})
    draw_steps(results, docs / 'speed.svg')
    draw_growth(results, docs / 'speed-growth.svg')


def draw_steps(results: dict, path: pathlib.Path):
    """Draw the seconds and CPU seconds of each step."""
    costs = results['compared'][PIPELINING]['costs']
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout='constrained')
    for axis, field, title in zip(axes, ('wall', 'cpu'), ('seconds', 'CPU seconds of the controller'), strict=True):
        for offset, who in ((-0.2, OURS), (0.2, PEER)):
            axis.barh([number + offset for number in range(len(STEPS))], [getattr(costs[who, step], field) for step in STEPS], 0.36,
                      color=COLOURS[who], label=who)
        axis.axvline(getattr(costs[FLOOR, FLOOR], field), color=COLOURS[FLOOR], linestyle='--', label='one ping')
        axis.set_yticks(range(len(STEPS)), STEPS)
        axis.invert_yaxis()
        axis.set_xlabel(title)
    figure.legend(*axes[0].get_legend_handles_labels(), loc='outside upper center', ncols=3, frameon=False)
    _save(figure, path)


def draw_growth(results: dict, path: pathlib.Path):
    """Draw what grows with nodes, drivers, mounts and forks."""
    figure, axes = pyplot.subplots(2, 2, figsize=(9, 6), layout='constrained')
    for axis, name, title in zip(axes.flat, ('by_nodes', 'by_drivers', 'by_mounts'), ('nodes', 'drivers on each of 2 nodes', 'volumes mounted on the node'),
                                 strict=False):
        for who in (FLOOR, OURS, PEER):
            points = {count: costs[who].wall for count, costs in results[name].items() if who in costs}
            if points:
                axis.plot(list(points), list(points.values()), marker='o', color=COLOURS[who], label=who)
        axis.set_xticks(list(results[name]))
        axis.set_xlabel(title)
    for strategy in STRATEGIES:
        axes[1, 1].plot(FORKS, [results['by_forks'][Mode(strategy=strategy, forks=count)].wall for count in FORKS], marker='o', label=strategy)
    axes[1, 1].set_xticks(FORKS)
    axes[1, 1].set_xlabel('forks, 20 nodes')
    for axis in axes.flat:
        axis.set_ylabel('seconds')
        axis.set_ylim(bottom=0)
        axis.legend(frameon=False)
    _save(figure, path)


def _save(figure, path: pathlib.Path):
    figure.savefig(path, metadata={'Date': None}, facecolor='white')
    pyplot.close(figure)
    declaration, rest = path.read_text(encoding='utf-8').split('\n', 1)
    path.write_text(f'{declaration}\n{SVG_HEADER}{rest}', encoding='utf-8')
