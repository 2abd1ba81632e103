# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node with a real kubelet, the collection's playbooks run on it, and what the kubelet says about drivers."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import subprocess

from nodes.pods import PODS_DIR, SECONDS, Kubelet, pod, uid_of

PLUGIN_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
BASE = '/var/lib/dynhostpath'
RECORDS = '/var/lib/nodeops.flexvolume'
DYNHOSTPATH = 'nodeops/dynhostpath'
BROKEN = f'{PLUGIN_DIR}/example.com~broken'
NAIVE = pathlib.Path(__file__).with_name('naive.yml')
# molecule makes Ansible colour what it says.
ENVIRONMENT = dict(os.environ, ANSIBLE_FORCE_COLOR='0')
UNKNOWN = 'no volume plugin matched'
MOUNTED = 'MountVolume.SetUp succeeded'
# Whatever a kubelet logs when a driver, a probe, a mount or an unmount fails.
COMPLAINT = re.compile(f'driver call failed|Error dynamically probing|{UNKNOWN}|Volume.(SetUp|TearDown) failed|FailedMount')
# Every answer of init, some thirty a second, and after it which version gave it.
CALL_INIT = 'until [ -e /run/enough ]; do {executable} init 2>&1 || echo "exit status $?"; sha256sum < {executable} 2>&1; sleep 0.02; done | sort | uniq -c'
# The deploy's one module comes through a pipe, so that it has no arguments; the touch program and the driver have.
KILL_MODULE = 'until pgrep -xf /usr/bin/python3 > /run/module; do sleep 0.01; done; sleep {seconds}; kill -KILL $(cat /run/module) && echo killed || true'
TIME_MODULE = """
    until pgrep -xf /usr/bin/python3 > /run/module; do sleep 0.01; done; date +%s.%N
    while kill -0 $(cat /run/module) 2> /dev/null; do sleep 0.01; done; date +%s.%N"""
ANSWER_ALL = f'for directory in {PLUGIN_DIR}/*; do "$directory/${{directory##*~}}" init; done'


def directory(name: str) -> str:
    """Return the directory of a driver."""
    return f'{PLUGIN_DIR}/{name.replace("/", "~")}'


def executable(name: str) -> str:
    """Return where the kubelet finds a driver."""
    return f'{directory(name)}/{name.partition("/")[2]}'


def driver(name: str = DYNHOSTPATH, **others) -> dict:
    """Return an entry of the list of drivers: this collection's own driver, under any name."""
    return {'name': name, 'src': 'dynhostpath.py', 'host_paths': [{'path': BASE, 'mode': '0700'}], **others}


class Node(Kubelet):
    """The node on which the tests' stories happen."""

    def __init__(self, nodes, name: str, inventory: pathlib.Path):
        super().__init__(nodes, name)
        self.inventory = inventory
        self._numbers = itertools.count()

    def shell(self, script: str) -> str:
        """Run a shell script on the node and return what it printed."""
        return self.nodes.run(self.name, 'sh', '-c', script)

    def write(self, path: str, text: str, mode: str = '0644'):
        """Write a file on the node."""
        self.nodes.run(self.name, 'sh', '-c', f'cat > {path} && chmod {mode} {path}', stdin=text)

    # --- playbooks ------------------------------------------------------------------------------------------------------------------------

    def begin(self, playbook: str, drivers: list, **variables) -> subprocess.Popen:
        """Start a playbook, in a process group of its own."""
        values = json.dumps({'flexvolume_drivers': drivers, **variables})
        return subprocess.Popen(['ansible-playbook', f'--inventory={self.inventory}', f'--limit={self.name}', f'--extra-vars={values}', playbook],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT,
                                start_new_session=True)

    def deploy(self, *drivers: dict, **variables) -> str:
        """Deploy drivers with the playbook that users run, and return what it said."""
        return self._play('nodeops.flexvolume.deploy', drivers, variables)

    def remove_drivers(self, *drivers: dict):
        """Withdraw drivers with the playbook that users run."""
        self._play('nodeops.flexvolume.remove', drivers, {})

    def refusal(self, playbook: str, *drivers: dict, **variables) -> str:
        """Run a playbook that must fail and return what it said."""
        status, said = self._run(playbook, drivers, variables)
        assert status, f'{playbook} did not fail:\n{said}'
        return said

    def install_naively(self, *drivers: dict):
        """Put drivers on the node as many a role does: the directories first, then the files, each under a hidden name at first."""
        self._play(str(NAIVE), drivers, {})

    def play(self, playbook: str, *drivers: dict, **variables) -> str:
        """Run a playbook that must not fail and return what it said."""
        return self._play(playbook, drivers, variables)

    def _play(self, playbook: str, drivers: tuple, variables: dict) -> str:
        status, said = self._run(playbook, drivers, variables)
        assert status == 0, said
        return said

    def _run(self, playbook: str, drivers: tuple, variables: dict) -> tuple:
        process = self.begin(playbook, list(drivers), **variables)
        said, _nothing = process.communicate()
        return process.returncode, said

    def module(self, module: str, **arguments) -> dict:
        """Run one module of the collection and return its result, whether it failed or not."""
        command = ['ansible', f'--inventory={self.inventory}', f'--module-name=nodeops.flexvolume.{module}', self.name]
        if arguments:
            command.append(f'--args={json.dumps(arguments)}')
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT, check=False).stdout
        return json.loads(said.partition(' => ')[2])

    # --- the kubelet ----------------------------------------------------------------------------------------------------------------------

    def start_beside_broken_driver(self, *pods: dict) -> str:
        """Restart the kubelet beside an empty driver directory, with pods that wait from its first moment on; return when that was."""
        self.shell(f'systemctl stop kubelet; mkdir -p {BROKEN}')
        self.put(*pods)
        since = self.now()
        self.restart()
        return since

    def known(self, *names: str) -> list:
        """Return those of the drivers that the kubelet knows: what becomes of a new pod for each."""
        since, fresh = self.now(), {name: pod(f'probe{next(self._numbers)}', name) for name in names}
        self.put(*fresh.values())
        # A pod that is removed before it runs makes this kubelet leave its directory behind.
        for one in fresh.values():
            self.wait_until(lambda one=one: uid_of(one) in self.running() or self.refusals(one, since), 'running or refused', one)
        self.remove(*fresh.values())
        self.wait_gone(*fresh.values())
        return [name for name, one in fresh.items() if not self.refusals(one, since)]

    def wait_until(self, condition, expectation: str, *pods: dict):
        """Wait until a condition comes true of some pods."""
        self._wait(condition, pods, expectation, SECONDS)

    def wait_for(self, condition, seconds: float):
        """Wait until a condition comes true, for at most so many seconds."""
        self._wait(condition, (), 'as expected', seconds)

    def mounts_of(self, one: dict) -> list:
        """Return the lines of the mount table for a pod's volumes."""
        return [line for line in self.shell('cat /proc/self/mountinfo').splitlines() if f'{PODS_DIR}/{uid_of(one)}/volumes/' in line]

    def refusals(self, one: dict, since: str) -> list:
        """Return the moments at which the kubelet told a pod that it does not know the driver."""
        return [moment for moment, line in self._timed_log(since) if uid_of(one) in line and UNKNOWN in line and 'Error syncing pod' in line]

    def seconds_without(self, one: dict, since: str) -> float:
        """Return the seconds from a pod's first failed mount to its mounted volume. The pod must run."""
        lines = [(moment, line) for moment, line in self._timed_log(since) if uid_of(one) in line]
        failed = [moment for moment, line in lines if UNKNOWN in line]
        assert failed, 'the kubelet was never without the driver'
        return next(moment for moment, line in lines if MOUNTED in line) - failed[0]

    def seconds_refused(self, one: dict, since: str) -> float:
        """Return the seconds from a pod's first refusal to its mounted volume, 0 for one that was never refused. The pod must run."""
        return self.seconds_without(one, since) if any(uid_of(one) in line and UNKNOWN in line for line in self.log(since)) else 0.0

    def registered(self) -> dict:
        """Return what node_info says of each driver that works: whether the kubelet has loaded it."""
        return {each['name']: each['registered'] for each in self.module('node_info')['drivers'] if not each['init'] or not each['init']['defect']}

    def complaints(self, since: str) -> list:
        """Return the lines in which the kubelet complains of a driver."""
        return [line for line in self.log(since) if COMPLAINT.search(line)]

    def _timed_log(self, since: str) -> list:
        lines = self.shell(f"journalctl --unit=kubelet --no-pager --output=short-unix --since='{since}'").splitlines()
        return [(float(line.split(' ', 1)[0]), line) for line in lines if not line.startswith('-- ')]

    # --- the driver's place ---------------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def calling_init(self):
        """Call the driver all the time, beside the kubelet, and afterwards tell how often each answer and each version came."""
        self.shell('rm -f /run/enough')
        seen: dict = {}
        command = self.nodes.ssh(self.name, 'nice', 'sh', '-c', CALL_INIT.format(executable=executable(DYNHOSTPATH)))
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield seen
            finally:
                self.shell('touch /run/enough')
                for line in process.communicate()[0].splitlines():
                    count, answer = line.split(None, 1)
                    seen[answer] = int(count)

    def touches(self, name: str, seconds: float) -> list:
        """Watch a driver for so many seconds and return at which of them it was touched."""
        script = f'for tenth in $(seq {int(10 * seconds)}); do stat --format=%.2Z {executable(name)}; sleep 0.1; done | uniq'
        began = float(self.shell('date +%s.%N'))
        return [float(moment) - began for moment in self.shell(script).split()[1:]]

    def broken_drivers(self) -> str:
        """Let every driver that the kubelet sees answer, and return what is wrong with them."""
        return ''.join(line for line in self.shell(f'{{ {ANSWER_ALL}; }} 2>&1').splitlines(True) if '"Success"' not in line)

    def leftovers(self) -> list:
        """Return what a deploy has on the node only while it runs."""
        return self.shell(f"find {PLUGIN_DIR} /etc/systemd/system -name '.flexvolume-*'").split()

    def started(self, unit: str) -> int:
        """Return when a unit was started, in microseconds after boot."""
        return int(self.shell(f'systemctl show --property=ActiveEnterTimestampMonotonic --value {unit}'))

    def seconds_of_module(self, deploy) -> float:
        """Return how long the module runs on the node in a deploy."""
        with subprocess.Popen(self.nodes.ssh(self.name, 'sh', '-c', TIME_MODULE), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
            deploy()
            began, ended = map(float, process.communicate()[0].split())
        return ended - began

    def kill_module(self, seconds: float) -> bool:
        """Kill the module of the deploy that was begun, so many seconds after it came to the node; say whether it still ran."""
        return self.shell(KILL_MODULE.format(seconds=seconds)) == 'killed\n'

    def clear(self):
        """Bring the node back to what it was before the test, however that ended."""
        self.shell(f'rm -rf {BROKEN}; find {PLUGIN_DIR} -mindepth 1 -exec touch --no-create {{}} +')
        left = self.manifests()
        if left:
            self.remove(*left)
        self.wait_until(lambda: not self.shell(f'ls {PODS_DIR}'), 'gone')
        self.shell(f'''
            cd /etc/systemd/system
            for timer in $(find . -name 'flexvolume-touch-*.timer' -type f -printf '%f '); do systemctl disable --quiet --now $timer; done
            rm -rf flexvolume-touch-* {RECORDS} && systemctl daemon-reload && systemctl reset-failed 'flexvolume-touch-*'
            find {PLUGIN_DIR} -mindepth 2 -delete && find {PLUGIN_DIR} -mindepth 1 -delete; rm -rf {BASE}''')
