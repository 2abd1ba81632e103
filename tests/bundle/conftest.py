# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that make themselves agree with the list: molecule's scenario "joins", whose first node Ansible deployed to."""

import os
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(pathlib.Path(__file__).parent)]

from machines import Controller, Machine  # noqa: E402
from nodes.sets import NodeSet  # noqa: E402


def pytest_addoption(parser):
    # molecule's verifier passes what pytest-testinfra takes; the nodes are reached through tests/nodes here.
    for option in ('--ansible-inventory', '--connection'):
        parser.addoption(option, help='not used')


@pytest.fixture(scope='session')
def nodes():
    """The scenario's set of nodes."""
    return NodeSet(os.environ['MOLECULE_SCENARIO_NAME'])


@pytest.fixture(scope='session')
def controller(nodes):
    """The playbooks, and what the scenario had them write."""
    return Controller(nodes)


@pytest.fixture(scope='session')
def deployed(nodes):
    """The node that Ansible deployed to."""
    return Machine(nodes, f'{nodes.name}-1')


@pytest.fixture(scope='session')
def joined(nodes, controller):
    """A node that was made and booted after that, with the part of cloud-init's user data and nothing else."""
    nodes.up(2, 'kubelet', user_data=(controller.out / 'cloud-init.yaml').read_text(encoding='utf-8'))
    return Machine(nodes, f'{nodes.name}-2')


@pytest.fixture(scope='session')
def plain():
    """A node without a kubelet, where commands are tried: with Python 3.6 and 3.13 where this machine has them."""
    nodes = NodeSet('commands')
    try:
        nodes.up(1, binds=tuple(f'{home}:{home}' for home in Machine.python_homes()))
        yield Machine(nodes, 'commands-1')
    finally:
        nodes.down()
