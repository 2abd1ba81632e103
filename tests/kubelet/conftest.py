# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real kubelet on a node of molecule's scenario "kubelet". SOAK=1 runs the full counts and writes the figures into docs/docsite/rst/kubelet.rst."""

import logging
import os
import pathlib
import random
import sys
import time

import pytest

TESTS = pathlib.Path(__file__).parents[1]
# What the tests share with the collection comes from where the playbooks have it: the tarball as it was installed.
sys.path[:0] = [str(TESTS), os.environ['ANSIBLE_COLLECTIONS_PATH']]

import pages  # noqa: E402
from node import Node  # noqa: E402
from nodes.sets import NodeSet  # noqa: E402

SOAK = os.environ.get('SOAK') == '1'
DRIVER = TESTS.parent / 'files' / 'dynhostpath.py'
figures: list = []


def pytest_addoption(parser):
    # molecule's verifier passes what pytest-testinfra takes; the nodes are reached through tests/nodes here.
    for option in ('--ansible-inventory', '--connection'):
        parser.addoption(option, help='not used')


@pytest.fixture
def soak():
    """Return the count for a test: the short one, or the full one when SOAK=1."""
    return lambda short, full: full if SOAK else short


@pytest.fixture
def figure():
    """Keep a figure for the table: what was measured, of ours and of the naive way beside it."""
    return lambda what, ours, naive='': figures.append((what, str(ours), str(naive)))


@pytest.fixture
def say():
    """Show how far a test is."""
    return logging.getLogger('kubelet').info


@pytest.fixture
def version(tmp_path):
    """Make numbered versions of the driver and return the file of one."""
    def make(number: int) -> str:
        file = tmp_path / f'dynhostpath-{number}.py'
        file.write_text(f'{DRIVER.read_text(encoding="utf-8")}\n# version {number}\n', encoding='utf-8')
        return str(file)

    return make


@pytest.fixture
def chance(say):
    """Random numbers that can be had again."""
    seed = int(os.environ.get('SEED') or time.time())
    say('SEED=%s', seed)
    return random.Random(seed)


@pytest.fixture(scope='session')
def kubelet_node(tmp_path_factory):
    """The scenario's node."""
    nodes = NodeSet(os.environ.get('MOLECULE_SCENARIO_NAME', 'kubelet'))
    inventory = tmp_path_factory.mktemp('inventory') / 'nodes.yml'
    inventory.write_text(nodes.inventory(), encoding='utf-8')
    return Node(nodes, next(iter(nodes.nodes)), inventory)


@pytest.fixture
def node(kubelet_node):
    """The node without pods and drivers."""
    kubelet_node.clear()
    yield kubelet_node
    kubelet_node.clear()


def pytest_terminal_summary(terminalreporter, exitstatus):
    if not figures:
        return
    table = pages.table(['', 'nodeops.flexvolume', 'the naive way'], figures)
    terminalreporter.section('figures')
    terminalreporter.write(table)
    if SOAK and exitstatus == 0:
        pages.write(pages.RST / 'kubelet.rst', 'figures', table)
