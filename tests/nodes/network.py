# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network of a set of nodes: one namespace with a bridge, one namespace a node, and no way out of them.

The machine's own interfaces, routes and firewall are not touched; whoever wants to reach a node enters the bridge's namespace.
"""

import pathlib

from . import host

# Reserved for tests of network equipment (RFC 2544): no real network uses it.
PREFIX = '198.18'


def address(index: int, number: int) -> str:
    """Return the address of node C(number), from 1, in the set of that index; the bridge has number 254."""
    return f'{PREFIX}.{index}.{number}'


def exists(namespace: str) -> bool:
    """Tell whether there is a network namespace of that name."""
    return pathlib.Path('/run/netns', namespace).exists()


def add_bridge(namespace: str, index: int):
    """Make the namespace that holds the bridge."""
    _add_namespace(namespace)
    host.run('ip', '-n', namespace, 'link', 'add', 'bridge', 'type', 'bridge')
    host.run('ip', '-n', namespace, 'address', 'add', f'{address(index, 254)}/24', 'dev', 'bridge')
    host.run('ip', '-n', namespace, 'link', 'set', 'bridge', 'up')


def add_node(namespace: str, bridge: str, index: int, number: int):
    """Make a node's namespace and plug it into the bridge."""
    _add_namespace(namespace)
    port = f'port{number}'
    host.run('ip', '-n', bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'host0', 'netns', namespace)
    host.run('ip', '-n', bridge, 'link', 'set', port, 'master', 'bridge', 'up')
    host.run('ip', '-n', namespace, 'address', 'add', f'{address(index, number)}/24', 'dev', 'host0')
    host.run('ip', '-n', namespace, 'link', 'set', 'host0', 'up')


def remove(namespace: str):
    """Remove a namespace and what is in it; that there is none is fine."""
    if exists(namespace):
        host.run('ip', 'netns', 'delete', namespace)


def _add_namespace(namespace: str):
    host.run('ip', 'netns', 'add', namespace)
    host.run('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
