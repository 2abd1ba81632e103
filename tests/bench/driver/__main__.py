# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a callout costs: dynhostpath beside the bare interpreter and beside a bash+jq driver, with 1, 1,000 and 5,000 mounts on the node.

    python3 tests/bench/driver [--rounds N] [--mounts 1,1000,5000] [--jq PATH]...

Needs root. All candidates take turns within each round, so that what else the machine does hits them alike: read the ratios, not the milliseconds.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLONE_NEWNS, MS_BIND = 0x20000, 4096
PYTHON = '/usr/bin/python3'
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}

libc = ctypes.CDLL(None, use_errno=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--mounts', default='1,1000,5000')
    parser.add_argument('--jq', action='append', default=[], help='a jq of another version to compare with as well')
    options = parser.parse_args()
    if libc.unshare(CLONE_NEWNS):
        sys.exit('bench: cannot make a mount namespace; run it as root')
    run('mount', '--make-rprivate', '/')
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    with tempfile.TemporaryDirectory() as scratch:
        run('mount', '-t', 'tmpfs', 'tmpfs', scratch)
        try:
            bench(Path(scratch), options)
        finally:
            run('umount', '--recursive', '--lazy', scratch)


def bench(scratch: Path, options):
    candidates = [Candidate('dynhostpath', scratch / 'python', ROOT / 'files/dynhostpath.py')]
    for jq in [shutil.which('jq'), *options.jq]:
        if jq:
            version = subprocess.run([jq, '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
            candidates.append(Candidate(f'bash + {version}', scratch / version, Path(__file__).with_name('flexdriver.sh'), jq))
    print(f'{"mounts":>6}  {"callout":8} {"driver":22} {"p50 ms":>8} {"p99 ms":>8} {"of the floor":>13}')
    for count in (int(number) for number in options.mounts.split(',')):
        fill(scratch / 'others', count)
        report(count, measure(candidates, options.rounds))


class Candidate:
    def __init__(self, name: str, root: Path, source: Path, jq: str = 'jq'):
        self.name = name
        self.environment = {**ENVIRONMENT, 'JQ': jq}
        self.driver = root / 'plugins/nodeops~driver/driver'
        self.mount_dir = root / 'pods/u1/volumes/nodeops~driver/logs'
        base = root / 'base'
        for directory in (self.driver.parent, self.mount_dir, base):
            directory.mkdir(parents=True)
        base.chmod(0o700)
        shutil.copy(source, self.driver)
        self.driver.chmod(0o755)
        (self.driver.parent / '.config.json').write_text(json.dumps({'base': str(base)}))
        pod = {'kubernetes.io/pod.namespace': 'default', 'kubernetes.io/pod.name': 'web-0', 'kubernetes.io/pod.uid': 'u1', 'kubernetes.io/readwrite': 'rw',
               'kubernetes.io/fsType': '', 'kubernetes.io/pvOrVolumeName': 'logs', 'kubernetes.io/serviceAccount.name': 'default'}
        self.calls = {'init': ['init'], 'mount': ['mount', str(self.mount_dir), json.dumps(pod)], 'unmount': ['unmount', str(self.mount_dir)]}

    def call(self, callout: str) -> float:
        """Return the milliseconds of one callout, which must succeed and have its effect."""
        seconds, output = timed([str(self.driver), *self.calls[callout]], self.environment)
        mounted = bool(os.statvfs(self.mount_dir).f_flag & os.ST_NOSUID)
        if json.loads(output)['status'] != 'Success' or (callout != 'init' and mounted != (callout == 'mount')):
            sys.exit(f'bench: {self.name}: {callout} failed: {output}')
        return seconds * 1000


def timed(command: list, environment: dict) -> tuple:
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd='/') as process:
        output = process.stdout.read()
    return time.perf_counter() - start, output


def measure(candidates: list, rounds: int) -> dict:
    """Return {(callout, name): [milliseconds]}; the floor is there under the callout ''."""
    results = {}
    for number in range(rounds + 3):
        for callout in ('init', 'mount', 'unmount'):
            taken = {('', 'floor'): timed([PYTHON, '-I', '-S', '-c', 'pass'], ENVIRONMENT)[0] * 1000}
            # An unmount may wait for the kernel to settle those before it: nobody is always the first.
            for candidate in candidates[::1 if number % 2 else -1]:
                taken[callout, candidate.name] = candidate.call(callout)
            for key, milliseconds in taken.items():
                # The first rounds fill caches, the driver's and the kernel's.
                if number >= 3:
                    results.setdefault(key, []).append(milliseconds)
    return results


def report(count: int, results: dict):
    floor = percentile(results['', 'floor'], 50)
    for (callout, name), times in results.items():
        middle, high = percentile(times, 50), percentile(times, 99)
        print(f'{count:6}  {callout:8} {name:22} {middle:8.2f} {high:8.2f} {middle / floor:13.2f}', flush=True)


def percentile(times: list, share: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * share // 100)]


def fill(directory: Path, count: int):
    """Mount until there are so many mounts in the directory."""
    (directory / 'source').mkdir(parents=True, exist_ok=True)
    for number in range(count):
        target = directory / str(number)
        if not target.exists():
            target.mkdir()
            if libc.mount(bytes(directory / 'source'), bytes(target), None, MS_BIND, None):
                sys.exit(f'bench: mount {number}: {os.strerror(ctypes.get_errno())}')


def run(*command):
    subprocess.run(command, check=True)


if __name__ == '__main__':
    main()
