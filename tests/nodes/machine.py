# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One node's life: an overlay on a cached root, booted by systemd-nspawn under a shell that starts it again when it reboots.

The overlay is mounted in that shell's own mount namespace, so it goes when the node goes.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

from . import host

# systemd-nspawn --keep-unit exits with 133 when the node reboots.
SUPERVISOR = '''
disk=$1 lower=$2 groups=$3
shift 3
for group in $groups; do echo $$ > "$group/cgroup.procs" || exit; done
mount -t overlay -o "lowerdir=$lower,upperdir=$disk/upper,workdir=$disk/work" overlay "$disk/root" || exit
while "$@"; status=$?; [ "$status" -eq 133 ]; do :; done
exit "$status"
'''
# Without --keep-unit systemd-nspawn asks for a scope over D-Bus, which a minimal Debian does not run; systemd-run asks systemd itself.
NSPAWN = ('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe')
SCOPE = ('systemd-run', '--quiet', '--scope', '--collect', '--slice=machine.slice', '--property=Delegate=yes', '--')
SSHD = ('--as-pid2', 'sh', '-c', 'mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e')
KUBELET = ('--boot', '--capability=all', '--bind=/dev/kmsg', '--system-call-filter=bpf keyctl add_key')
PROPAGATE = pathlib.Path('/run/systemd/nspawn/propagate')
LOCKS = pathlib.Path('/run/systemd/nspawn/locks')
CGROUPS = pathlib.Path('/sys/fs/cgroup')

# Each systemd takes several of the inotify instances that one user may have: the usual 128 are enough for some nineteen nodes.
INOTIFY = pathlib.Path('/proc/sys/fs/inotify/max_user_instances')
INOTIFY_WANTED = 4096
INOTIFY_BEFORE = host.RUN / 'inotify-before'


def cgroups(name: str, kind: str) -> list:
    """Make the cgroups for a node and return them: without some of its own, every node's systemd would use the same."""
    return [] if _has_systemd() else add_cgroups(name, every=kind == 'kubelet')


def start(name: str, kind: str, node: dict, lower: pathlib.Path, log: pathlib.Path, extra: list) -> int:
    """Boot a node and return the pid of what runs it."""
    host.install('systemd-container')
    disk = pathlib.Path(node['disk'])
    for part in ('upper', 'work', 'root'):
        (disk / part).mkdir(parents=True, exist_ok=True)
    command = [*NSPAWN, f'--directory={disk}/root', f'--machine={name}', f'--network-namespace-path=/run/netns/{node["namespace"]}', *extra]
    environment = dict(os.environ)
    if _has_systemd():
        command[:0] = SCOPE
    if kind == 'kubelet':
        command.extend(KUBELET)
    else:
        environment['SYSTEMD_NSPAWN_UNIFIED_HIERARCHY'] = '1'
        command.extend(SSHD if kind == 'plain' else ('--boot', '--capability=CAP_NET_ADMIN'))
    with open(log, 'ab') as output:
        supervisor = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', SUPERVISOR, name, str(disk), str(lower), ' '.join(node['cgroups']), *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    return supervisor.pid


def running(node: dict) -> bool:
    """Tell whether the process that was started for this node is still there; another one with its pid is not it."""
    return node['disk'] in _command_line(node['pid'])


def inits(node: dict) -> list:
    """Return the pid, on this machine, of the node's PID 1; none while it does not run. A reboot gives it another."""
    return [init for nspawn in _children(node['pid']) for init in _children(nspawn)]


def stop(node: dict):
    """Kill the node as a power cut would, and remove its cgroups and what a killed systemd-nspawn leaves."""
    # A run that was killed as it started the node could not write its pid down.
    if not running(node):
        node = {**node, 'pid': next((pid for pid in _pids() if {SUPERVISOR, node['disk']} <= set(_command_line(pid))), 0)}
    if running(node):
        _unlock(node)
        # The node's PID 1 outlives a systemd-nspawn that is killed.
        family = [node['pid'], *_children(node['pid']), *inits(node)]
        for pid in family:
            _kill(pid)
    for group in node['cgroups']:
        remove_cgroup(pathlib.Path(group))
    left = PROPAGATE / pathlib.Path(node['disk']).name
    if left.is_dir():
        left.rmdir()


def _unlock(node: dict):
    # systemd-nspawn's lock of the node's root, named after its device and inode as the supervisor's mount namespace has them.
    root = pathlib.Path(f'/proc/{node["pid"]}/root{node["disk"]}/root')
    with contextlib.suppress(FileNotFoundError):
        found = root.stat()
        (LOCKS / f'inode-{found.st_dev}:{found.st_ino}').unlink()


def raise_inotify():
    """Let many nodes run at once, and note what the limit was."""
    limit = INOTIFY.read_text(encoding='utf-8')
    if int(limit) < INOTIFY_WANTED:
        INOTIFY_BEFORE.write_text(limit, encoding='utf-8')
        INOTIFY.write_text(f'{INOTIFY_WANTED}\n', encoding='utf-8')


def restore_inotify():
    """Put the limit back, once the last set is down."""
    if INOTIFY_BEFORE.exists() and not list(host.RUN.glob('*/state.json')):
        INOTIFY.write_text(INOTIFY_BEFORE.read_text(encoding='utf-8'), encoding='utf-8')
        INOTIFY_BEFORE.unlink()


def add_cgroups(name: str, every: bool) -> list:
    groups = []
    for line in pathlib.Path('/proc/self/cgroup').read_text(encoding='utf-8').splitlines():
        _number, controllers, own = line.split(':', 2)
        hierarchy = CGROUPS / (controllers.removeprefix('name=') or 'unified')
        if not controllers and not hierarchy.is_dir():
            hierarchy = CGROUPS
        if not every and controllers not in ('', 'name=systemd'):
            continue
        group = hierarchy / own.lstrip('/') / f'nodeops.flexvolume-{name}'
        group.mkdir(exist_ok=True)
        for setting in ('cpuset.cpus', 'cpuset.mems') if controllers == 'cpuset' else ():
            (group / setting).write_text((group.parent / setting).read_text(encoding='utf-8'), encoding='utf-8')
        groups.append(str(group))
    return groups


def remove_cgroup(group: pathlib.Path):
    """Remove a cgroup that C(add_cgroups) made, with whatever of the node is still in it."""
    if not group.is_dir():
        return
    deadline = time.monotonic() + 10
    while True:
        for child in group.iterdir():
            if child.is_dir():
                remove_cgroup(child)
        for pid in (group / 'cgroup.procs').read_text(encoding='utf-8').split():
            _kill(int(pid))
        try:
            group.rmdir()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise host.Failure(f'{group} cannot be removed ({error.strerror}): see which processes stay in its cgroup.procs.') from error
            time.sleep(0.02)


def _has_systemd() -> bool:
    return pathlib.Path('/run/systemd/system').is_dir()


def _pids() -> list:
    return [int(entry.name) for entry in pathlib.Path('/proc').iterdir() if entry.name.isdigit()]


def _command_line(pid: int) -> list:
    try:
        return pathlib.Path('/proc', str(pid), 'cmdline').read_text(encoding='utf-8', errors='surrogateescape').split('\0')
    except (FileNotFoundError, ProcessLookupError):
        return []


def _children(pid: int) -> list:
    try:
        return [int(child) for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text(encoding='utf-8').split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _kill(pid: int):
    # 0 would be this program's own process group, 1 this machine's init.
    if pid > 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
