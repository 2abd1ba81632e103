# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real kubelet on each node of molecule's scenario "kubelet". SOAK=1 runs the full counts and writes the figures into docs/docsite/rst/kubelet.rst.

Most of a test is waiting, so pytest-xdist runs as many at once as there are nodes, each worker with a node of its own.
"""

import os
import pathlib
import random
import statistics
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


def pytest_addoption(parser):
    # molecule's verifier passes what pytest-testinfra takes; the nodes are reached through tests/nodes here.
    for option in ('--ansible-inventory', '--connection'):
        parser.addoption(option, help='not used')


def pytest_xdist_auto_num_workers():
    """Have a worker for each node."""
    return len(node_set().nodes)


def node_set() -> NodeSet:
    """Return the scenario's nodes."""
    return NodeSet(os.environ.get('MOLECULE_SCENARIO_NAME', 'kubelet'))


@pytest.fixture
def soak():
    """Return the count for a test: the short one, or the full one when SOAK=1."""
    return lambda short, full: full if SOAK else short


@pytest.fixture
def figure(record_property):
    """Keep a figure for the table: what was measured, of ours and of the naive way beside it. Lists of seconds by one name, of all tests, become one figure."""
    return lambda what, ours, naive='': record_property('figure', (what, ours if isinstance(ours, list) else str(ours), str(naive)))


@pytest.fixture
def say(request, kubelet_node):
    """Show how far a test is, which a worker of pytest-xdist keeps to itself otherwise."""
    capture = request.config.pluginmanager.getplugin('capturemanager')

    def show(text: str, *values):
        with capture.global_and_fixture_disabled():
            print(f'{kubelet_node.name}: {text % values}', file=sys.stderr, flush=True)

    return show


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
def kubelet_node(tmp_path_factory, worker_id):
    """The scenario's node that is this worker's."""
    nodes = node_set()
    inventory = tmp_path_factory.mktemp('inventory') / 'nodes.yml'
    inventory.write_text(nodes.inventory(), encoding='utf-8')
    return Node(nodes, list(nodes.nodes)[0 if worker_id == 'master' else int(worker_id.removeprefix('gw'))], inventory)


@pytest.fixture
def node(kubelet_node):
    """The node without the pods and drivers of the test before."""
    kubelet_node.clear()
    return kubelet_node


def pytest_terminal_summary(terminalreporter, exitstatus):
    kept = properties(terminalreporter)
    if not kept['figure']:
        return
    table = pages.table(['', 'nodeops.flexvolume', 'the naive way'], rows(kept['figure']))
    terminalreporter.section('figures')
    terminalreporter.write(table)
    if SOAK and exitstatus == 0:
        pages.write(pages.RST / 'kubelet.rst', 'figures', table)
    if SOAK and exitstatus == 0 and kept['suffered']:
        pages.write(pages.RST / 'conformance.rst', 'suffered', pages.table(['', 'the defect', 'what came of it'], kept['suffered']))


def properties(terminalreporter) -> dict:
    """Return what the tests have recorded, by its name, in the order of the tests wherever they ran."""
    found: dict = {'figure': [], 'suffered': []}
    for report in sorted(terminalreporter.getreports('passed'), key=lambda report: report.nodeid):
        for name, value in report.user_properties:
            found[name].append(value)
    return found


def rows(figures: list) -> list:
    """Return the table's rows."""
    found: dict = {}
    for what, ours, naive in figures:
        found[what] = found[what][0] + ours if isinstance(ours, list) and what in found else ours, naive
    return [(what, spread(ours) if isinstance(ours, list) else ours, naive) for what, (ours, naive) in found.items()]


def spread(seconds: list) -> str:
    """Return what a list of seconds comes to."""
    return f'median {statistics.median(seconds):.1f}, maximum {max(seconds):.1f} of {len(seconds)}'
