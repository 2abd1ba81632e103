# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node as the driver sees it: a base, a kubelet's root, a plugin dir with the driver in it, and something outside of the base to protect."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2] / 'files' / 'dynhostpath.py'
# As systemd starts the kubelet.
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}


class Answer(NamedTuple):
    """What the kubelet reads: one stream, in which one JSON object must be all there is."""

    exit_status: int
    output: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.output)

    @property
    def status(self) -> str:
        return self.json['status']

    @property
    def message(self) -> str:
        return self.json.get('message', '')


class Node:
    def __init__(self, root: Path, config: dict):
        self.root = root
        self.base = root / 'base'
        self.pods = root / 'kubelet' / 'pods'
        self.outside = root / 'outside'
        self.driver = root / 'plugins' / 'nodeops~dynhostpath' / 'dynhostpath'
        for directory in (self.base, self.pods, self.outside, self.driver.parent):
            directory.mkdir(parents=True)
        self.base.chmod(0o700)
        # The interpreter line is made the node's own, as publishing does.
        self.driver.write_text(SOURCE.read_text().replace('/usr/bin/python3', os.environ.get('DRIVER_PYTHON', '/usr/bin/python3'), 1))
        self.driver.chmod(0o755)
        (self.outside / 'treasure').write_text('untouched')
        self.outside.chmod(0o751)
        self.configure(**config)

    def configure(self, **config):
        (self.driver.parent / '.config.json').write_text(json.dumps({'base': str(self.base), **config}))

    def mount_dir(self, uid: str, volume: str = 'logs') -> Path:
        path = self.pods / uid / 'volumes' / 'nodeops~dynhostpath' / volume
        path.mkdir(parents=True, exist_ok=True)
        return path

    def options(self, uid: str, **others) -> dict:
        return {
            'kubernetes.io/fsType': '',
            'kubernetes.io/pod.name': f'pod-{uid}',
            'kubernetes.io/pod.namespace': 'default',
            'kubernetes.io/pod.uid': uid,
            'kubernetes.io/pvOrVolumeName': 'logs',
            'kubernetes.io/readwrite': 'rw',
            'kubernetes.io/serviceAccount.name': 'default',
            **others,
        }

    def command(self, *arguments) -> list:
        return [str(self.driver), *(argument if isinstance(argument, (str, bytes)) else str(argument) for argument in arguments)]

    def call(self, *arguments) -> Answer:
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT, cwd='/', check=False)
        return Answer(done.returncode, done.stdout)

    def callout(self, name: str, uid: str) -> list:
        """Return the words of a mount or an unmount as the kubelet asks for it."""
        options = [json.dumps(self.options(uid))] if name == 'mount' else []
        return self.command(name, self.mount_dir(uid), *options)

    def mount(self, uid: str, volume: str = 'logs', **options) -> Answer:
        return self.call('mount', self.mount_dir(uid, volume), json.dumps(self.options(uid, **options)))

    def unmount(self, uid: str, volume: str = 'logs') -> Answer:
        return self.call('unmount', self.pods / uid / 'volumes' / 'nodeops~dynhostpath' / volume)

    def prune(self, *arguments) -> Answer:
        return self.call('prune', *arguments)

    def forget_pod(self, uid: str):
        """Remove the pod's directory, as the kubelet does when the pod is gone."""
        shutil.rmtree(self.pods / uid)

    def directory(self, uid: str) -> Path:
        """Return where the default layout puts a pod's data."""
        return self.base / 'default' / f'pod-{uid}' / uid

    def mounts(self) -> list:
        """Return the mount points below this node's root."""
        points = [line.split(' ')[4] for line in Path('/proc/self/mountinfo').read_text().splitlines()]
        return [point for point in points if point.startswith(f'{self.root}/')]

    def records(self) -> list:
        return sorted(str(path.relative_to(self.base / '.state')) for path in (self.base / '.state').glob('*/*'))

    def left_in_base(self) -> list:
        """Return everything below the base but the driver's own, then empty, top directories."""
        return sorted(str(path.relative_to(self.base)) for path in self.base.rglob('*')
                      if path.relative_to(self.base).parts not in (('.state',), ('.trash',), ('.by-pod',)))

    def loops(self) -> list:
        """Return the images of this node that loop devices hold, deleted or not; one that somebody else looks at just now has ten seconds to lose its image."""
        deadline = time.monotonic() + 10
        while True:
            held = [path for path in map(_backing, Path('/sys/block').glob('loop*')) if path.startswith(f'{self.root}/')]
            if not held or time.monotonic() > deadline:
                return held
            time.sleep(0.1)

    def state_outside(self) -> list:
        """Return all that a tenant must never get at: what lies beside the base, with its owner, mode and time."""
        found = []
        for top in (self.outside, self.driver.parent):
            for path in [top, *sorted(top.rglob('*'))]:
                status = path.lstat()
                found.append((str(path), status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_size, status.st_mtime_ns))
        return [*found, sorted(os.listdir(self.root))]


def _backing(block: Path) -> str:
    try:
        return (block / 'loop/backing_file').read_text(encoding='utf-8').strip()
    except OSError:
        return ''
