# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of C(python3 tests/nodes)."""

import argparse
import errno
import os
import pathlib
import signal
import subprocess

from . import host, kubelet_binary, pods, roots, sets


def main() -> int:
    """Run one command; return the exit status."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if os.geteuid():
            raise host.Failure('nodes need root: mounts, namespaces and cgroups. Run this as root.')
        return arguments.command(sets.NodeSet(arguments.set), arguments) or 0
    except host.Failure as failure:
        host.say(str(failure))
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        host.say(f'{error.filename or host.CACHE}: {error.strerror}. {host.ROOM}')
        return 1
    except KeyboardInterrupt:
        host.say(f'stopped before the end; the same command goes on from here.{" What is up, and how to remove it:" if sets.names() else ""}')
        _list(None, None)
        return 130


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
    up.add_argument('--user-data', type=pathlib.Path, metavar='FILE', help="what cloud-init applies at a kubelet node's first boot")
    up.set_defaults(command=_up)

    prepare = commands.add_parser('prepare', help='make what nodes are started from, and start none: what takes minutes shows how far it is')
    prepare.add_argument('kinds', nargs='+', choices=roots.PACKAGES, metavar='KIND', help=f'which kinds of node: {", ".join(roots.PACKAGES)}')
    prepare.set_defaults(command=_prepare)

    commands.add_parser('list', help='list the sets that are up, and how to remove them').set_defaults(command=_list)
    commands.add_parser('down', help='remove the set').set_defaults(command=lambda nodes, _arguments: nodes.down())
    inventory = commands.add_parser('inventory', help='print an Ansible inventory')
    inventory.add_argument('--python', default='/usr/bin/python3', metavar='PATH', help='what runs modules on the nodes (default: /usr/bin/python3)')
    inventory.set_defaults(command=_inventory)

    execute = commands.add_parser('exec', help='run a command on a node; without one, a shell')
    execute.add_argument('node', metavar='NODE')
    execute.add_argument('words', nargs=argparse.REMAINDER, metavar='COMMAND')
    execute.set_defaults(command=_exec)

    reboot = commands.add_parser('reboot', help='reboot a node, and wait until it can be used')
    reboot.add_argument('node', metavar='NODE')
    reboot.set_defaults(command=lambda nodes, arguments: nodes.reboot(arguments.node))

    pod = commands.add_parser('pod', help='static pods on a kubelet node').add_subparsers(required=True, metavar='ACTION')
    put = pod.add_parser('put', help='start a pod, and wait until it runs')
    put.add_argument('--driver', default='', metavar='VENDOR/DRIVER', help='mount a volume of this FlexVolume driver at /data')
    put.add_argument('--option', action='append', default=[], metavar='KEY=VALUE', help="one of the volume's options")
    put.add_argument('--script', default=pods.SLEEP, help='what the container runs (default: nothing, for ever)')
    put.set_defaults(command=_put_pod)
    remove = pod.add_parser('remove', help='end a pod, and wait until its volume is unmounted')
    remove.set_defaults(command=_remove_pod)
    for action in (put, remove):
        action.add_argument('node', metavar='NODE')
        action.add_argument('pod', metavar='POD')
    show = pod.add_parser('list', help='list the pods, running or not')
    show.add_argument('node', metavar='NODE')
    show.set_defaults(command=_list_pods)
    return parser


def _up(nodes: sets.NodeSet, arguments: argparse.Namespace):
    kind = arguments.kind or {'systemd': 'systemd', 'sshd': 'plain'}[arguments.init]
    user_data = arguments.user_data.read_text(encoding='utf-8') if arguments.user_data else ''
    nodes.up(arguments.count, kind, tuple(arguments.bind), arguments.loop, user_data)


def _prepare(_nodes: sets.NodeSet, arguments: argparse.Namespace):
    for kind in arguments.kinds:
        for suite in roots.SUITES:
            roots.path(kind, suite)
    if 'kubelet' in arguments.kinds:
        kubelet_binary.path()


def _list(_nodes, _arguments):
    for name in sets.names():
        print(f'{" ".join(sets.NodeSet(name).nodes)}: python3 tests/nodes --set {name} down')


def _inventory(nodes: sets.NodeSet, arguments: argparse.Namespace):
    print(nodes.inventory(arguments.python), end='')


def _exec(nodes: sets.NodeSet, arguments: argparse.Namespace) -> int:
    return subprocess.run(nodes.ssh(arguments.node, *arguments.words), check=False).returncode


def _put_pod(nodes: sets.NodeSet, arguments: argparse.Namespace):
    options = dict(option.partition('=')[::2] for option in arguments.option)
    pod = pods.pod(arguments.pod, arguments.driver, options, arguments.script)
    kubelet = pods.Kubelet(nodes, arguments.node)
    kubelet.put(pod)
    kubelet.wait_running(pod)


def _remove_pod(nodes: sets.NodeSet, arguments: argparse.Namespace):
    kubelet = pods.Kubelet(nodes, arguments.node)
    chosen = [pod for pod in kubelet.manifests() if pods.name_of(pod) == arguments.pod]
    if not chosen:
        raise host.Failure(f'there is no pod {arguments.pod!r} on {arguments.node}: see "pod list {arguments.node}".')
    kubelet.remove(*chosen)
    kubelet.wait_gone(*chosen)


def _list_pods(nodes: sets.NodeSet, arguments: argparse.Namespace):
    kubelet = pods.Kubelet(nodes, arguments.node)
    running = kubelet.running()
    for pod in kubelet.manifests():
        print(pods.name_of(pod), pods.uid_of(pod), 'running' if pods.uid_of(pod) in running else 'waiting')
