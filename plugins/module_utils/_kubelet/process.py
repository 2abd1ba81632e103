# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The node's kubelet as its process shows it: which one it is, its version, and how it calls a driver."""

import collections
import os
import re
import stat
import subprocess
import time

from .._outcome import NodeError
from .._system import roots, trust
from .._system.roots import link, read
from . import config

# C(why) says why it is this process, C(doubt) why what it was told cannot be believed, and nothing can then be done for it; empty where it can.
Kubelet = collections.namedtuple('Kubelet', (
    'pid', 'flavour', 'command_line', 'environment', 'root_dir', 'config_file', 'arguments', 'proc', 'root', 'why', 'doubt'))
Kubelet.__new__.__defaults__ = ((), '/proc', '/', '', '')

# C(disbelieved) holds a sentence on each process that calls itself the kubelet and is not taken for it.
Search = collections.namedtuple('Search', ('kubelet', 'disbelieved'))

ROOT_DIR = '/var/lib/kubelet'
PROCESSES = ('kubelet', 'kubelite', 'hyperkube', 'k3s', 'k3s-server', 'k3s-agent')
SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
VERSION_TIMEOUT = 15
# For so many seconds a kubelet may be busy starting, before it sets up its watches.
STARTING = 30
# Since this version a broken driver hides no other (kubernetes/kubernetes#106703).
TOLERANT = (1, 24)
CAP_SYS_ADMIN = 21
MOST_DISBELIEVED = 10
# A kubelet's has some kilobytes; a local user can have a thousand processes by its name, with two megabytes each.
LONGEST_COMMAND_LINE = 65536
# What makes a program run other code than its own: by ld.so(8) and glibc, shells, script languages, OpenSSL.
HARMFUL = re.compile('LD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|MALLOC_.*|BASH_.*|ENV|IFS|PS4|SHELLOPTS|PYTHON.*|PERL.*|RUBY.*|LUA_.*|NODE_OPTIONS|NODE_PATH'
                     '|OPENSSL_.*')


def running(proc: str = '/proc'):
    """Return the node's Kubelet, or None where none runs; search() tells what else there is."""
    return search(proc).kubelet


def search(proc: str = '/proc') -> Search:
    """Return the node's Kubelet, None where none runs, and what only pretends to be one.

    RKE2 and k0s run a kubelet as their child, K3s and MicroK8s' kubelite hold it in their own process. A process in another pid
    namespace is the kubelet of a nested node (kind, k3d, nspawn) and never this node's. Of several, the one that shares our mount
    namespace is taken, then the one that has run longest.
    """
    named = [(pid, flavour) for pid in _pids(proc) for flavour in [_flavour(proc, pid)] if flavour]
    here = [(pid, flavour, _started(proc, pid), _disbelief(proc, pid)) for pid, flavour in named if _shares(proc, pid, 'pid')]
    disbelieved = [f'Pid {pid} calls itself {flavour} and is not believed: {why}.' for pid, flavour, _since, why in here if why]
    if len(disbelieved) > MOST_DISBELIEVED:
        disbelieved[MOST_DISBELIEVED:] = [f'So do {len(disbelieved) - MOST_DISBELIEVED} more.']
    ours = [(pid, flavour, since) for pid, flavour, since, why in here if not why]
    if not ours:
        return Search(None, disbelieved)
    pid, flavour, since = min(ours, key=lambda found: (not _shares(proc, found[0], 'mnt'), found[2]))
    nested = sorted({pid for pid, _flavour_name in named} - {found[0] for found in here})
    why = ' '.join([_why(pid, sorted({found[0] for found in ours} - {pid}), nested)] + disbelieved)
    kubelet = _kubelet(proc, pid, flavour, why)
    if _started(proc, pid) != since:
        return Search(None, disbelieved + [f'Pid {pid}, the kubelet, ended while it was looked at.'])
    return Search(kubelet, disbelieved)


def version(kubelet: Kubelet):
    """Return the version that the running binary states, such as C(v1.20.2), or None. Starts the binary once: 50 ms and more."""
    if kubelet.flavour == 'kubelite':
        return kubelet.environment.get('SNAP_VERSION')
    command = {'k3s': ['k3s'], 'hyperkube': ['hyperkube', 'kubelet']}.get(kubelet.flavour, ['kubelet']) + ['--version']
    try:
        # The pid may be another process's by now, so that the file is opened, judged and then run.
        with open(f'{kubelet.proc}/{kubelet.pid}/exe', 'rb') as executable:
            if _is_foreign(os.fstat(executable.fileno())):
                return None
            # run_command cannot pass on an open descriptor.
            # pylint: disable-next=ansible-bad-function
            answer = subprocess.run(
                command, executable=f'/proc/self/fd/{executable.fileno()}', pass_fds=[executable.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=callout_environment(kubelet), timeout=VERSION_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.decode('utf-8', 'replace').split()
    return next((word for word in words if word[:1] == 'v' and word[1:2].isdigit()), None)


def loses_drivers(stated) -> bool:
    """Say whether a broken driver makes a kubelet of that version, such as C(v1.20.2), lose others; so it is taken where the version is not known."""
    match = re.match(r'v(\d+)\.(\d+)', stated or '')
    return not match or (int(match.group(1)), int(match.group(2))) < TOLERANT


def started(kubelet: Kubelet):
    """Return when the process was started, in seconds since the epoch, or None where it has ended."""
    ticks = _started(kubelet.proc, kubelet.pid)
    for line in (read(f'{kubelet.proc}/stat') or '').split('\n'):
        if ticks and line.startswith('btime '):
            return int(line.split()[1]) + ticks / os.sysconf('SC_CLK_TCK')
    return None


def settling(kubelet: Kubelet) -> float:
    """Return for how many seconds more the kubelet may be busy starting."""
    began = started(kubelet)
    return max(0.0, began + STARTING - time.time()) if began else 0.0


def unit(kubelet: Kubelet):
    """Return the name of the systemd service that runs the kubelet, or None."""
    return _unit(kubelet.proc, kubelet.pid)


def callout_environment(kubelet) -> dict:
    """Return the environment in which the kubelet calls a driver: its own, else a systemd service's (systemd.exec(5)), PATH and no more.

    What would make a program run other code than its own is left out.
    """
    environment = kubelet.environment if kubelet and kubelet.environment else {'PATH': SERVICE_PATH}
    return {name: value for name, value in environment.items() if not HARMFUL.fullmatch(name)}


def which(command: str, kubelet):
    """Return the command's path as the kubelet would find it on its own PATH, or None."""
    root = kubelet.root if kubelet else '/'
    directories = [''] if '/' in command else callout_environment(kubelet).get('PATH', '').split(':')
    for path in (os.path.join(directory, command) for directory in directories):
        real = roots.resolved(path, root)
        if os.path.isfile(real) and os.access(real, os.X_OK):
            return path
    return None


def _pids(proc: str) -> list:
    return sorted(int(name) for name in roots.listing(proc) if name.isdigit())


def _flavour(proc: str, pid: int):
    """Return the kind of kubelet that a process says it is, by its name and its command line, or None."""
    name = (read(f'{proc}/{pid}/comm') or '').strip()
    if name not in PROCESSES:
        return None
    words = _command_line(proc, pid, name)
    program = os.path.basename(words[0]) if words else None
    if name.startswith('k3s'):
        return 'k3s' if program in PROCESSES and words[1:2] in (['server'], ['agent']) else None
    if program != name:
        return None
    if name == 'hyperkube':
        return name if words[1:2] in (['kubelet'], ['--kubelet']) else None
    parent = (read(f'{proc}/{_status(proc, pid).get("PPid", "").strip()}/comm') or '').strip()
    return parent if name == 'kubelet' and parent in ('rke2', 'k0s') else name


def _disbelief(proc: str, pid: int) -> str:
    """Return why a process that calls itself the kubelet cannot be it, as the end of a sentence; empty where it can.

    Anybody chooses the name, command line and environment of a process, and has an effective uid of 0 by starting su. What nobody
    but root can have is all four uids 0 here, a kubelet's capabilities, and a program of root's by that name which is not set-user-ID: sudo for one
    has all uids 0, and the arguments of whoever calls it.
    """
    status = _status(proc, pid)
    uids = status.get('Uid', '').split()
    if uids != ['0'] * 4:
        return f'its real, effective, saved and file system uids are {", ".join(uids) or "not known"}, and those of a kubelet are all 0'
    if roots.link(f'{proc}/{pid}/ns/user') != roots.link(f'{proc}/self/ns/user'):
        return 'it runs in a user namespace of its own, where anybody can be root, or that cannot be seen'
    if not int(status.get('CapEff', '0'), 16) >> CAP_SYS_ADMIN & 1:
        return 'it has no CAP_SYS_ADMIN, without which no kubelet could mount a volume'
    executable = link(f'{proc}/{pid}/exe') or ''
    if not os.path.basename(executable).startswith(PROCESSES):
        return f'the program that it runs is {executable or "not to be seen"}'
    try:
        foreign = _is_foreign(os.stat(f'{proc}/{pid}/exe'))
    except OSError:
        foreign = True
    return f"its program {executable} is not root's own, may be written by others, or is set-user-ID" if foreign else ''


def _is_foreign(status) -> bool:
    return trust.is_open(status) or bool(status.st_mode & (stat.S_ISUID | stat.S_ISGID))


def _command_line(proc: str, pid: int, name: str) -> list:
    """Return the words of the command line. K3s hides its own behind a title, "/usr/local/bin/k3s server", in one word."""
    words = (read(f'{proc}/{pid}/cmdline', most=LONGEST_COMMAND_LINE) or '').rstrip('\0').split('\0')
    return ' '.join(words).split() if name.startswith('k3s') else [word for word in words if word]


def _status(proc: str, pid: int) -> dict:
    """Return the fields of proc_pid_status(5)."""
    return dict(line.split(':\t', 1) for line in (read(f'{proc}/{pid}/status') or '').split('\n') if ':\t' in line)


def _shares(proc: str, pid: int, namespace: str) -> bool:
    """Say whether the process is in our own namespace; one that we may not look at counts as ours."""
    return link(f'{proc}/{pid}/ns/{namespace}') in (None, link(f'{proc}/self/ns/{namespace}'))


def _started(proc: str, pid: int) -> int:
    """Return the start time in clock ticks since boot, field 22 of proc_pid_stat(5), 0 where the process has ended."""
    fields = (read(f'{proc}/{pid}/stat') or '').rpartition(')')[2].split()
    return int(fields[19]) if len(fields) > 19 else 0


def _why(pid: int, others: list, nested: list) -> str:
    why = f'Pid {pid} is the only kubelet on this node.'
    if others:
        why = f'Pid {pid} was taken of several kubelets (also {_listed(others)}): it shares our mount namespace or has run longest.'
    if nested:
        why += f' Left out for running in a pid namespace of its own, as nested nodes do: {_listed(nested)}.'
    return why


def _listed(pids: list) -> str:
    return ', '.join(str(pid) for pid in pids)


def _kubelet(proc: str, pid: int, flavour: str, why: str) -> Kubelet:
    root = '/' if _shares(proc, pid, 'mnt') else f'{proc}/{pid}/root'
    words = _command_line(proc, pid, (read(f'{proc}/{pid}/comm') or '').strip())
    variables = (read(f'{proc}/{pid}/environ') or '').split('\0')
    environment = {name: value for name, equals, value in (variable.partition('=') for variable in variables) if equals}
    arguments, doubt = [], ''
    try:
        arguments = _arguments(proc, pid, flavour, words, environment, root)
    except NodeError as error:
        doubt = str(error)
    given = config.flag(arguments, 'root-dir')
    root_dir = config.absolute(given.value) if given else ROOT_DIR
    try:
        trust.demand(root_dir, "The kubelet's root dir")
    except NodeError as error:
        doubt = doubt or str(error)
    config_file = config.flag(arguments, 'config')
    return Kubelet(pid, flavour, words, environment, root_dir, config.absolute(config_file.value) if config_file else None, arguments, proc, root, why, doubt)


def _arguments(proc: str, pid: int, flavour: str, words: list, environment: dict, root: str) -> list:
    """Return the arguments that reach the kubelet proper, each with where it stands."""
    command = [(word, 'command line') for word in words[1:]]
    if flavour == 'kubelite':
        path = config.flag(command, 'kubelet-args-file')
        return config.argument_file(path.value, environment, root) if path else []
    if flavour == 'k3s':
        return config.rancher('k3s', command[1:] or config.service(_unit(proc, pid) or 'k3s.service', root), environment, root)
    return command


def _unit(proc: str, pid: int):
    """Return the service whose cgroup holds the process, the innermost on a node that is itself a container, or None."""
    names = [part for line in (read(f'{proc}/{pid}/cgroup') or '').split('\n') for part in line.split('/') if part.endswith('.service')]
    return names[-1] if names else None
