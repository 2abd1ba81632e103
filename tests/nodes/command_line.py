# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of C(python3 tests/nodes)."""

import argparse
import os
import subprocess

from . import host, sets


def main() -> int:
    """Run one command; return the exit status."""
    arguments = _parser().parse_args()
    try:
        if os.geteuid():
            raise host.Failure('nodes need root: mounts, namespaces and cgroups. Run this as root.')
        return arguments.command(sets.NodeSet(arguments.set), arguments) or 0
    except host.Failure as failure:
        host.say(str(failure))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python3 tests/nodes', description='Real nodes on this machine: Debian under systemd-nspawn.')
    parser.add_argument('--set', default='nodes', metavar='NAME', help='which set of nodes; several can be up at once (default: nodes)')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    up = commands.add_parser('up', help='start nodes, and wait until they can be used')
    up.add_argument('count', type=int, metavar='N')
    kind = up.add_mutually_exclusive_group()
    kind.add_argument('--kubelet', action='store_const', dest='kind', const='kubelet', help='with containerd and a kubelet on static pods')
    kind.add_argument('--init', choices=('systemd', 'sshd'), default='systemd', help='what is started: systemd, or only an SSH server')
    up.add_argument('--bind', action='append', default=[], metavar='SRC:DST', help='show a path of this machine in the nodes, read-only')
    up.add_argument('--loop', action='store_true', help="give the nodes this machine's loop devices")
    up.set_defaults(command=_up)

    commands.add_parser('down', help='remove the set').set_defaults(command=lambda nodes, _arguments: nodes.down())
    commands.add_parser('inventory', help='print an Ansible inventory').set_defaults(command=_inventory)

    execute = commands.add_parser('exec', help='run a command on a node; without one, a shell')
    execute.add_argument('node', metavar='NODE')
    execute.add_argument('words', nargs=argparse.REMAINDER, metavar='COMMAND')
    execute.set_defaults(command=_exec)

    reboot = commands.add_parser('reboot', help='reboot a node, and wait until it can be used')
    reboot.add_argument('node', metavar='NODE')
    reboot.set_defaults(command=lambda nodes, arguments: nodes.reboot(arguments.node))
    return parser


def _up(nodes: sets.NodeSet, arguments: argparse.Namespace):
    kind = arguments.kind or {'systemd': 'systemd', 'sshd': 'plain'}[arguments.init]
    nodes.up(arguments.count, kind, tuple(arguments.bind), arguments.loop)


def _inventory(nodes: sets.NodeSet, _arguments: argparse.Namespace):
    print(nodes.inventory(), end='')


def _exec(nodes: sets.NodeSet, arguments: argparse.Namespace) -> int:
    return subprocess.run(nodes.ssh(arguments.node, *arguments.words), check=False).returncode
