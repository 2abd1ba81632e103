# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node with its bundle, and the controller that wrote it."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time

import yaml
from nodes import machine
from nodes.pods import MANIFESTS, SECONDS, Kubelet, name_of, pod, uid_of

DRIVER = pathlib.Path(__file__).parents[2] / 'files' / 'dynhostpath.py'
PLUGIN_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
DYNHOSTPATH = 'nodeops/dynhostpath'
EXECUTABLE = f'{PLUGIN_DIR}/nodeops~dynhostpath/dynhostpath'
KEPT = '/var/lib/nodeops.flexvolume/flexvolume-node.pyz'
BUNDLE = '/root/flexvolume-node.pyz'
# Whatever a deploy makes, with its owners, modes and content, but for what a repair replaced, what Python compiled and since when it is there.
SNAPSHOT = rf'''
    {{
        find {PLUGIN_DIR} /var/lib/nodeops.flexvolume ! -type d ! -name '.previous*' ! -name '*.pyc' ! -name healed.json
        find /etc/systemd/system -name 'flexvolume-*'
        find {PLUGIN_DIR} /var/lib/nodeops.flexvolume -maxdepth 1 -type d
        find /var/lib/dynhostpath -maxdepth 0
    }} 2> /dev/null | sort | while read -r path; do
        stat --format='%A %U %G %N' "$path"
        [ ! -f "$path" ] || grep --invert-match --text '^  "since": ' "$path" | sha256sum
    done'''
COMPLAINT = re.compile('driver call failed|Error dynamically probing|no volume plugin matched|Volume.SetUp failed|FailedMount')
ENVIRONMENT = dict(os.environ, ANSIBLE_FORCE_COLOR='0')


class Controller:
    """The playbooks as the scenario runs them."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.out = pathlib.Path(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'bundle')
        self._inventory = pathlib.Path(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'all-nodes.yml')

    def play(self, playbook: str, **variables) -> dict:
        """Run a playbook on all nodes that are up and return what it changed, by host."""
        self._inventory.write_text(self.nodes.inventory(), encoding='utf-8')
        done = subprocess.run(
            ['ansible-playbook', f'--inventory={self._inventory}', f'--inventory={os.environ["MOLECULE_SCENARIO_DIRECTORY"]}/inventory/hosts.yml',
             f'--extra-vars={json.dumps(variables)}', f'nodeops.flexvolume.{playbook}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stdout
        return {host: int(changed) for host, changed in re.findall(r'^(\S+) +: ok=\d+ +changed=(\d+)', done.stdout, re.MULTILINE)}

    def bundle(self, out: pathlib.Path, **variables) -> pathlib.Path:
        """Write a bundle of its own and return the directory."""
        self.play('bundle', flexvolume_bundle=str(out), **variables)
        return out


class Machine(Kubelet):
    """A node as somebody with a shell on it sees it."""

    @staticmethod
    def python_homes() -> list:
        """Return where this machine has Python 3.6 and 3.13."""
        found = [shutil.which(f'python{version}') for version in ('3.6', '3.13')]
        return [pathlib.Path(path).resolve().parents[1] for path in found if path]

    def shell(self, script: str) -> str:
        """Run a shell script and return what it printed."""
        return self.nodes.run(self.name, 'sh', '-c', script)

    def put_file(self, source: pathlib.Path, path: str):
        """Copy a file onto the node, for root alone."""
        command = self.nodes.ssh(self.name, 'sh', '-c', f'umask 077; mkdir -p {os.path.dirname(path)}; cat > {path}.new; mv {path}.new {path}')
        with open(source, 'rb') as content:
            subprocess.run(command, stdin=content, check=True)

    def call(self, *words: str, python: str = 'python3', bundle: str = BUNDLE) -> tuple:
        """Run a bundle's command; return its exit status and what it said."""
        done = subprocess.run(self.nodes.ssh(self.name, *python.split(), '-I', bundle, *words), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def start(self, *words: str) -> subprocess.Popen:
        """Start a bundle's command."""
        return subprocess.Popen(self.nodes.ssh(self.name, 'python3', '-I', BUNDLE, *words), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def snapshot(self) -> list:
        """Return whatever a deploy makes, a line or two a file or directory; not what the first touch adds to it."""
        return self.shell(SNAPSHOT).splitlines()

    def has(self, driver: str) -> bool:
        """Say whether the driver lies in the plugin dir."""
        return driver.replace('/', '~') in self.shell(f'ls {PLUGIN_DIR}').split()

    def shows(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.shell(f'systemctl show --property={name} --value {unit}').strip()

    def journal(self, unit: str) -> str:
        """Return what a unit said since the node was booted."""
        return self.shell(f'journalctl --boot --unit={unit} --no-pager --output=cat')

    def off(self):
        """Power the node off in good order."""
        subprocess.run(self.nodes.ssh(self.name, 'systemctl', 'poweroff'), check=False, capture_output=True)
        deadline = time.monotonic() + SECONDS
        while machine.running(self.nodes.nodes[self.name]):
            assert time.monotonic() < deadline, f'{self.name} does not go off'
            time.sleep(0.1)

    def on(self):
        """Start it again from its own disk."""
        self.nodes.up(int(self.name.rpartition('-')[2]), 'kubelet')

    @property
    def disk(self) -> pathlib.Path:
        """Where the node's own files lie on this machine, which may be changed while it is off."""
        return pathlib.Path(self.nodes.nodes[self.name]['disk'], 'upper')

    def put_on_disk(self, one: dict) -> dict:
        """Write a pod's manifest while the node is off, and return the pod."""
        (self.disk / MANIFESTS.lstrip('/') / f'{name_of(one)}.json').write_text(json.dumps(one), encoding='utf-8')
        return one

    def complaints(self) -> list:
        """Return the lines since the boot in which the kubelet complains of a driver."""
        return [line for line in self.journal('kubelet').splitlines() if COMPLAINT.search(line)]

    def serve(self, driver: str, name: str) -> dict:
        """Put a pod with a volume of the driver, wait until it runs, and return it."""
        one = pod(name, driver)
        self.put(one)
        self.wait_running(one)
        return one

    def end(self, *ones: dict):
        """Take pods away."""
        self.remove(*ones)
        self.wait_gone(*ones)

    def wait_until(self, condition, expectation: str):
        """Wait until a condition comes true."""
        self._wait(condition, (), expectation, SECONDS)

    # --- the pod of the DaemonSet ---------------------------------------------------------------------------------------------------------

    def put_daemon(self, out: pathlib.Path) -> dict:
        """Run the pod of a DaemonSet's manifest as a static one, which can have no ConfigMap, so that a directory of the node stands in for it."""
        held, daemon_set = yaml.safe_load_all((out / 'daemonset.yaml').read_text(encoding='utf-8'))
        directory = f'/srv/{held["metadata"]["name"]}'
        self.put_file(out / 'flexvolume-node.pyz', f'{directory}/flexvolume-node.pyz')
        template = daemon_set['spec']['template']
        template['spec']['volumes'][0] = {'name': 'bundle', 'hostPath': {'path': directory}}
        template['spec']['containers'][0]['imagePullPolicy'] = 'Never'
        metadata = dict(template['metadata'], name='flexvolume-node', namespace='kube-system', uid=uid_of(pod('any')))
        one = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': metadata, 'spec': template['spec']}
        self.put(one)
        return one

    def container(self, one: dict) -> dict:
        """Return what the kubelet says of the pod's container, empty before it says anything."""
        seen = self.status().get(uid_of(one), {'status': {}})
        return next(iter(seen['status'].get('containerStatuses', [])), {})

    def wait_ready(self, one: dict):
        """Wait until the pod reports that its node agrees."""
        self.wait_until(lambda: self.container(one).get('ready'), f'ready: {shlex.quote(json.dumps(self.container(one)))}')
