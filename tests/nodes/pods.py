# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static pods on a kubelet node: put one, see what became of it, wait, take it away."""

import json
import time
import uuid

from . import host, images

MANIFESTS = '/etc/kubernetes/manifests'
PODS_DIR = '/var/lib/kubelet/pods'
SECONDS = 120
SLEEP = 'sleep 2147483647'


class Kubelet:
    """The kubelet of one node of a set, as somebody with a shell on that node sees it."""

    def __init__(self, nodes, name: str):
        self.nodes = nodes
        self.name = name

    def put(self, *pods: dict):
        """Write the manifests of these pods, all at once for the kubelet; one of the same name is replaced."""
        names = [name_of(pod) for pod in pods]
        for pod in pods:
            self._shell(f'cat > {MANIFESTS}/.{name_of(pod)}', stdin=json.dumps(pod) + '\n')
        self._shell(' && '.join(f'mv {MANIFESTS}/.{name} {MANIFESTS}/{name}.json' for name in names))

    def remove(self, *pods: dict):
        """Remove the manifests of these pods; the kubelet then ends the pods."""
        self._shell('rm -f -- ' + ' '.join(f'{MANIFESTS}/{name_of(pod)}.json' for pod in pods))

    def manifests(self) -> list:
        """Return the pods whose manifests are there, whether they run or not."""
        return [json.loads(line) for line in self._shell(f"find {MANIFESTS} -name '[!.]*.json' -exec cat {{}} +").splitlines()]

    def status(self) -> dict:
        """Return what the kubelet says of the pods that it runs, each by its uid, as in the API (metadata, spec, status)."""
        answer = json.loads(self._shell('busybox wget -q -O - http://127.0.0.1:10255/pods'))
        return {pod['metadata']['uid']: pod for pod in answer['items'] or []}

    def running(self) -> set:
        """Return the uids of the pods all of whose containers run."""
        return {uid for uid, pod in self.status().items() if _runs(pod)}

    def wait_running(self, *pods: dict, seconds: float = SECONDS):
        """Wait until the containers of these pods run, which is after their volumes were mounted."""
        uids = {uid_of(pod) for pod in pods}
        self._wait(lambda: uids <= self.running(), pods, 'running', seconds)

    def wait_gone(self, *pods: dict, seconds: float = SECONDS):
        """Wait until these pods' directories are gone, which the kubelet removes once their volumes are unmounted."""
        uids = {uid_of(pod) for pod in pods}
        self._wait(lambda: not uids & set(self._shell(f'ls {PODS_DIR}').split()), pods, 'gone', seconds)

    def mounts(self, driver: str) -> list:
        """Return the mount points of a driver's volumes (C(driver) is vendor/driver)."""
        directory = driver.replace('/', '~')
        table = self._shell('cat /proc/self/mountinfo')
        points = [line.split(' ')[4] for line in table.splitlines()]
        return [point for point in points if point.startswith(f'{PODS_DIR}/') and f'/volumes/{directory}/' in point]

    def restart(self):
        """Restart the kubelet and wait until it answers."""
        self._shell('systemctl restart kubelet')
        self.wait_healthy()

    def wait_healthy(self):
        """Wait until the kubelet answers."""
        self._shell('until busybox wget -q -O /dev/null http://127.0.0.1:10248/healthz; do sleep 0.1; done')

    def now(self) -> str:
        """Return the node's time, for C(log)."""
        return self._shell('date "+%Y-%m-%d %H:%M:%S.%N"').strip()

    def log(self, since: str = '') -> list:
        """Return the lines of the kubelet's log, since a time that C(now) returned."""
        options = ('--since', since) if since else ()
        return self.nodes.run(self.name, 'journalctl', '--unit=kubelet', '--no-pager', '--output=cat', *options).splitlines()

    def _shell(self, script: str, stdin: str = '') -> str:
        return self.nodes.run(self.name, 'sh', '-c', script, stdin=stdin)

    def _wait(self, condition, pods: tuple, expectation: str, seconds: float):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                names = ' '.join(name_of(pod) for pod in pods)
                said = '\n'.join(line for line in self.log()[-400:] if 'flexvolume' in line.lower() or 'pod_workers' in line)
                raise host.Failure(f'{self.name}: not all of these pods are {expectation} after {seconds} s: {names}. The kubelet said:\n{said}')
            time.sleep(0.25)


def pod(name: str, driver: str = '', options: dict = None, script: str = SLEEP, namespace: str = 'default') -> dict:
    """Return the manifest of a pod whose one container runs a shell script, with the driver's volume, if any, at /data.

    Its uid is a new one each time, as the API server's are; the kubelet would derive the same from the same manifest.
    """
    manifest: dict = {
        'apiVersion': 'v1', 'kind': 'Pod',
        'metadata': {'name': name, 'namespace': namespace, 'uid': str(uuid.uuid4())},
        'spec': {
            'hostNetwork': True, 'terminationGracePeriodSeconds': 1,
            'containers': [{'name': 'main', 'image': images.SHELL, 'imagePullPolicy': 'Never', 'command': ['/bin/sh', '-c', script]}],
        },
    }
    if driver:
        manifest['spec']['containers'][0]['volumeMounts'] = [{'name': 'data', 'mountPath': '/data'}]
        manifest['spec']['volumes'] = [{'name': 'data', 'flexVolume': {'driver': driver, 'options': options or {}}}]
    return manifest


def name_of(manifest: dict) -> str:
    """Return the name that the manifest gives its pod."""
    return manifest['metadata']['name']


def uid_of(manifest: dict) -> str:
    """Return the pod's uid, which is the name of its directory in the kubelet's."""
    return manifest['metadata']['uid']


def _runs(seen: dict) -> bool:
    containers = seen['status'].get('containerStatuses', [])
    return bool(containers) and all('running' in container['state'] for container in containers)
