# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node, and whoever downloaded the tarball: with the oldest ansible-core and with the newest. C(make tarball-tests) says where things are."""

import os
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from nodes.sets import NodeSet  # noqa: E402
from user import User  # noqa: E402

CORES = [pathlib.Path(core) for core in os.environ['CORES'].split()]


@pytest.fixture(scope='session')
def node():
    """A node of its own, as a function that runs a command on it."""
    nodes = NodeSet('tarball')
    try:
        nodes.up(1)
        yield lambda *command, **options: nodes.run('tarball-1', *command, **options)
    finally:
        nodes.down()


@pytest.fixture(scope='session')
def inventory(node, tmp_path_factory):
    """The inventory with that node."""
    path = tmp_path_factory.mktemp('inventory') / 'hosts.yml'
    path.write_text(NodeSet('tarball').inventory(), encoding='utf-8')
    return path


@pytest.fixture(scope='session', params=CORES, ids=lambda core: core.name)
def user(request, tmp_path_factory, inventory):
    """Whoever has the tarball of this checkout."""
    return User(request.param, os.environ['TARBALL'], tmp_path_factory.mktemp('user'), inventory)
