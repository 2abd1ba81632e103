# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A set of nodes under one name: several can be up side by side without sharing a name, an address or a network."""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import time
import uuid

from . import cloud_init, host, kubelet, machine, network, roots

NAME = re.compile(r'[a-z][a-z0-9]{0,19}')
LARGEST = 200
SSH_OPTIONS = ('-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null')
BOOT_SECONDS = 120
READY = {'plain': ('true',), 'systemd': ('systemctl', 'is-system-running', '--wait'), 'kubelet': kubelet.READY}


def names() -> list:
    """Return the names of the sets that are up."""
    return sorted(state.parent.name for state in host.RUN.glob('*/state.json'))


class NodeSet:
    """The nodes C(<name>-1), C(<name>-2) and so on; what is true of them stands in a file, so that any process can go on with them."""

    def __init__(self, name: str = 'nodes'):
        if not NAME.fullmatch(name):
            raise host.Failure(f'{name!r} is no name for a set of nodes: use up to 20 small letters and digits, a letter first.')
        self.name = name
        self.namespace = f'nodeops-{name}'
        self.run_dir = host.RUN / name
        # /run is often mounted noexec and small: what is executed, and the nodes' disks, lie elsewhere.
        self._state_file = self.run_dir / 'state.json'
        self.dir = pathlib.Path(self._state().get('dir', host.CACHE / 'sets' / name))

    @property
    def nodes(self) -> dict:
        """Each node by its name, with its address, kind, pid and disk; empty where the set is not up."""
        return self._state()['nodes']

    def up(self, count: int, kind: str = 'systemd', binds: tuple = (), loop: bool = False, user_data: str = ''):
        """Start what is missing of C(count) nodes of that kind (systemd, plain, kubelet) and wait until all can be used.

        C(binds) holds SRC:DST pairs, read-only in the node; C(loop) gives it this machine's loop devices. A node that was powered
        off starts again from its own disk. C(user_data) is what cloud-init applies at a kubelet node's first boot; without it there is no cloud-init.
        """
        if not 1 <= count <= LARGEST:
            raise host.Failure(f'{count} nodes cannot be had: ask for 1 to {LARGEST}.')
        host.install('iproute2', 'openssh-client', 'systemd-container', 'util-linux')
        extra = [*(f'--bind-ro={bind}' for bind in binds), *(_loop_devices() if loop else ())]
        if kind == 'kubelet':
            extra.extend(kubelet.nspawn_options())
        lowers = [roots.path(kind, suite) for suite in roots.SUITES[:count]]
        began = time.monotonic()
        with host.locked_run():
            self._prepare()
            wanted = [(f'{self.name}-{number + 1}', lowers[number % len(lowers)]) for number in range(count)]
            started = [name for name, lower in wanted if self._start(name, kind, lower, extra, user_data)]
        for name in started:
            self._await(name)
        host.say(f'{len(started)} of {count} nodes started in {time.monotonic() - began:.1f} s: {" ".join(self.nodes)}')

    def down(self):
        """Remove everything that C(up) made for this set; what is cached for the next time stays."""
        with host.locked_run():
            self._remove()
            machine.restore_inotify()

    def inventory(self, python: str = '/usr/bin/python3') -> str:
        """Return an Ansible inventory of the nodes, in a group named as the set; C(python) is the interpreter of modules there."""
        if not self.nodes:
            raise host.Failure(f'the set {self.name!r} is not up, so there is nothing to list: start nodes with "up".')
        hosts = '\n'.join(f'    {name}: {{ansible_host: {node["address"]}}}' for name, node in self.nodes.items())
        return f'''\
{self.name}:
  hosts:
{hosts}
  vars:
    ansible_user: root
    ansible_python_interpreter: {python}
    ansible_ssh_executable: {self.dir}/ssh
    ansible_ssh_private_key_file: {self.run_dir}/key
    ansible_ssh_common_args: {shlex.join(SSH_OPTIONS)}
    ansible_control_path_dir: {self.run_dir}/control
'''

    def ssh(self, name: str, *command: str) -> list:
        """Return the words of the command that runs C(command) on a node; without one, a shell."""
        remote = [shlex.join(command)] if command else []
        shared = ('-o', 'ControlMaster=auto', '-o', 'ControlPersist=60', '-o', f'ControlPath={self.run_dir}/control/%h')
        return [str(self.dir / 'ssh'), *SSH_OPTIONS, *shared, '-i', str(self.run_dir / 'key'), f'root@{self._node(name)["address"]}', *remote]

    def run(self, name: str, *command: str, stdin: str = '') -> str:
        """Run a command on a node and return what it printed; raise Failure when it fails."""
        return host.run(*self.ssh(name, *command), input=stdin)

    def reboot(self, name: str):
        """Reboot a node in good order and wait until it can be used again."""
        node = self._node(name)
        if node['kind'] == 'plain':
            raise host.Failure(f'{name} has no init system that could reboot it: use a node with systemd.')
        before = machine.inits(node)
        subprocess.run(self.ssh(name, 'systemctl', 'reboot'), check=False, capture_output=True)
        deadline = time.monotonic() + BOOT_SECONDS
        while machine.running(node) and machine.inits(node) in (before, []):
            if time.monotonic() > deadline:
                raise host.Failure(f'{name} was told to reboot {BOOT_SECONDS} s ago and still runs: see {self.run_dir}/{name}.log.')
            time.sleep(0.1)
        self._await(name)

    def _state(self) -> dict:
        if not self._state_file.exists():
            return {'index': None, 'nodes': {}}
        return json.loads(self._state_file.read_text(encoding='utf-8'))

    def _save(self, state: dict):
        new = self._state_file.with_suffix('.new')
        new.write_text(json.dumps(state, indent=2) + '\n', encoding='utf-8')
        new.rename(self._state_file)

    def _node(self, name: str) -> dict:
        nodes = self.nodes
        if name not in nodes:
            known = ' '.join(nodes) or 'none'
            raise host.Failure(f'there is no node {name!r} in the set {self.name!r} (there: {known}); start nodes with "up".')
        return nodes[name]

    def _prepare(self):
        """Make what the nodes share, unless it is there; what a power cut or a kill left of an earlier set is removed."""
        if self._state().get('prepared') and network.exists(self.namespace):
            return
        self._remove()
        self.dir.mkdir(parents=True)
        (self.run_dir / 'control').mkdir(parents=True, mode=0o700)
        used = [json.loads(state.read_text(encoding='utf-8'))['index'] for state in host.RUN.glob('*/state.json')]
        index = next(number for number in range(256) if number not in used)
        state = {'index': index, 'nodes': {}, 'dir': str(self.dir)}
        self._save(state)
        host.run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', self.namespace, '-f', self.run_dir / 'key')
        wrapper = self.dir / 'ssh'
        wrapper.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{self.namespace} ssh "$@"\n', encoding='utf-8')
        wrapper.chmod(0o755)
        network.add_bridge(self.namespace, index)
        self._save({**state, 'prepared': True})

    def _start(self, name: str, kind: str, lower: pathlib.Path, extra: list, user_data: str) -> bool:
        """Start a node unless it runs; tell whether it had to be started."""
        state = self._state()
        node = state['nodes'].get(name)
        if node and node['kind'] != kind:
            raise host.Failure(f'{name} is a {node["kind"]} node, not {kind}: take the set {self.name!r} down first, or use another --set.')
        if node and machine.running(node):
            return False
        host.say(f'starting {name}')
        if node and not node['pid']:
            self._discard(node)
            node = None
        if not node:
            node = self._make(state, name, kind, user_data)
        machine.raise_inotify()
        node['cgroups'] = machine.cgroups(name, kind)
        self._save(state)
        node['pid'] = machine.start(name, kind, node, lower, self.run_dir / f'{name}.log', extra)
        self._save(state)
        return True

    def _make(self, state: dict, name: str, kind: str, user_data: str) -> dict:
        """Make a node's network and the beginnings of its disk. It is written down first, so that C(down) finds even half of it."""
        number = int(name.rpartition('-')[2])
        node: dict = {'address': network.address(state['index'], number), 'kind': kind, 'namespace': f'{self.namespace}-{number}',
                      'disk': str(self.dir / name), 'pid': 0, 'cgroups': []}
        state['nodes'][name] = node
        self._save(state)
        network.add_node(node['namespace'], self.namespace, state['index'], number)
        upper = self.dir / name / 'upper'
        self._furnish(upper, name)
        if kind == 'kubelet':
            kubelet.furnish(upper)
            cloud_init.furnish(upper, name, user_data)
        return node

    def _discard(self, node: dict):
        machine.stop(node)
        network.remove(node['namespace'])
        if pathlib.Path(node['disk']).exists():
            shutil.rmtree(node['disk'])

    def _furnish(self, upper: pathlib.Path, name: str):
        ssh_dir = upper / 'root/.ssh'
        ssh_dir.mkdir(parents=True)
        for directory in (ssh_dir, ssh_dir.parent):
            directory.chmod(0o700)
        shutil.copy(self.run_dir / 'key.pub', ssh_dir / 'authorized_keys')
        etc = upper / 'etc'
        etc.mkdir()
        (etc / 'machine-id').write_text(f'{uuid.uuid4().hex}\n', encoding='utf-8')
        (etc / 'hostname').write_text(f'{name}\n', encoding='utf-8')
        (etc / 'hosts').write_text(f'127.0.0.1 localhost {name}\n', encoding='utf-8')

    def _await(self, name: str):
        node = self._node(name)
        log = self.run_dir / f'{name}.log'
        command = self.ssh(name, *READY[node['kind']])
        command[1:1] = ['-o', 'ConnectTimeout=5']
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                return
            if answer.stdout.strip() == 'degraded':
                raise host.Failure(f'{name} is up, but not all of it:\n{self.run(name, "systemctl", "--failed", "--no-legend")}')
            if not machine.running(node):
                raise host.Failure(f'{name} did not start. The end of {log}:\n{_end(log)}')
            if time.monotonic() > deadline:
                raise host.Failure(f'{name} cannot be used after {BOOT_SECONDS} s ({answer.stderr.strip()}). The end of {log}:\n{_end(log)}')
            time.sleep(0.05)

    def _remove(self):
        for socket in (self.run_dir / 'control').glob('*'):
            subprocess.run(['ssh', '-o', f'ControlPath={socket}', '-O', 'exit', 'node'], capture_output=True, check=False)
        for name, node in self.nodes.items():
            host.say(f'removing {name}')
            self._discard(node)
        network.remove(self.namespace)
        for directory in (self.dir, self.run_dir):
            if directory.exists():
                shutil.rmtree(directory)


def _end(log: pathlib.Path) -> str:
    return '\n'.join(log.read_text(encoding='utf-8', errors='replace').splitlines()[-15:])


def _loop_devices() -> list:
    if not pathlib.Path('/dev/loop-control').exists():
        host.run('modprobe', 'loop')
    devices = ['/dev/loop-control', *(str(device) for device in sorted(pathlib.Path('/dev').glob('loop[0-9]*')))]
    return [f'--bind={device}' for device in devices]
