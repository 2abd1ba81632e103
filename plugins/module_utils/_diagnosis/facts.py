# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of a node: its kubelet, the plugin dir, the drivers there, and the inotify limits; gathered once, nothing changed."""

import contextlib
import os
import pwd
import re
import stat
import time

from .._deploy import driver_files, host_paths, misprobed, neighbours, records, timers
from .._kubelet import callout, complaints, directories, journal, process, volumes, watches
from .._names import DriverName
from .._outcome import NodeError, iso
from .._secrets import HIDDEN
from .._system import executables, mounts, roots, systemd, trust

SECRET_FLAG = re.compile(r'--?[\w-]*(token|password|passwd|secret|credentials?|api-?key)=', re.IGNORECASE)
MOST_NAMES = 20


def gather(plugin_dir=None, init: bool = True) -> dict:
    """Return the facts that the room troubles judges: the kubelet, what only pretends to be one (C(disbelieved)), the plugin dir, the drivers and the rest.

    C(init) calls each driver as the kubelet would; a driver that hangs costs up to 10 seconds. What others than root could have put there is not called.
    """
    running, disbelieved = process.search()
    directory, doubt = directories.locate(running, plugin_dir)
    init = init and not doubt
    inodes = watches.of(running) if running else set()
    names = _driver_directories(directory.path)
    looked_at, unsure = directories.locate(running)
    root_dir = process.ROOT_DIR if unsure and not running else directories.root_dir(running)
    pods = volumes.users_by_driver(root_dir)
    said = journal.words(running) if running else journal.SILENCE
    table = mounts.read()
    drivers = []
    for name in names:
        record = _record(name)
        # One that is withdrawn meanwhile is none any more.
        with contextlib.suppress(FileNotFoundError):
            described = describe_driver(directory.path, name, running, inodes, init)
            os.stat(described['directory'])
            drivers.append(dict(
                described, pods=pods.get(name, []), volumes=volumes.counts(name, root_dir),
                registered=journal.registered(said, name, records.since(record, neighbours.executable(directory.path, name))),
                host_paths=host_paths.describe(record.get('host_paths', []), table)))
    return {
        'kubelet': _describe_kubelet(running, directory.path, inodes) if running else None,
        'disbelieved': disbelieved,
        'plugin_dir': _describe_plugin_dir(directory, looked_at, running, doubt),
        'drivers': _with_timers(drivers),
        'misplaced': _misplaced(directory, looked_at, running),
        'vanished': _vanished(directory.path, names),
        'strays': [name for name in _visible(directory.path) if _is_program(os.path.join(directory.path, name))],
        'misprobed': misprobed.find(running, said) if running else {},
        'abandoned': [{'name': name.replace('~', '/'), 'pods': users} for name, users in sorted(pods.items()) if name not in names],
        'complaints': complaints.standing(running) if running else [],
        'inotify': _describe_inotify(running),
    }


def without_secrets(command_line: list) -> list:
    """Return the command line with the values of flags such as C(--token) hidden, in either form, and passwords in URLs."""
    return [_without_secret(word, before) for before, word in zip([''] + command_line, command_line)]


def describe_driver(plugin_dir: str, directory_name: str, kubelet, inodes: set, init: bool) -> dict:
    """Return what is true of one entry of the plugin dir that is, or leads to, a directory."""
    directory = os.path.join(plugin_dir, directory_name)
    executable = os.path.join(directory, directory_name.rpartition('~')[2])
    names = sorted(roots.listing(directory))
    status = _stat(executable)
    facts = {
        'name': directory_name.replace('~', '/'), 'path': executable, 'directory': directory, 'symlink': os.path.islink(directory),
        'names': names[:MOST_NAMES], 'executable': _what_kind(status), 'watched': bool(kubelet) and watches.on(kubelet, directory, inodes),
        'unsafe': [path for path in (directory, executable) if trust.why_open(path)],
        'previous': '.previous' in names, 'config': '.config.json' in names,
        'mode': None, 'owner': None, 'size': None, 'mtime': None, 'sha256': None, 'previous_sha256': None,
        'interpreter': None, 'init': None,
    }
    if os.path.isfile(os.path.join(directory, '.previous')) and not facts['unsafe']:
        facts['previous_sha256'] = driver_files.sha256_of(os.path.join(directory, '.previous'))
    if facts['executable'] == 'missing':
        return facts
    facts.update(mode=f'{stat.S_IMODE(status.st_mode):04o}', owner=_owner(status.st_uid), size=status.st_size, mtime=iso(status.st_mtime))
    if stat.S_ISREG(status.st_mode):
        facts.update(sha256=driver_files.sha256_of(executable), interpreter=_missing_interpreter(executable, kubelet))
        if init and facts['executable'] == 'program' and not facts['unsafe']:
            facts['init'] = _describe_init(callout.init(executable, process.callout_environment(kubelet)))
    return facts


def _without_secret(word: str, before: str) -> str:
    flag = SECRET_FLAG.match(word)
    if flag and not word[flag.end():].startswith('/'):
        return flag.group() + HIDDEN
    if SECRET_FLAG.fullmatch(before + '=') and not word.startswith(('-', '/')):
        return HIDDEN
    return re.sub(r'(://[^:/@\s]*:)[^@/\s]+@', rf'\1{HIDDEN}@', word)


def _describe_kubelet(kubelet, plugin_dir: str, inodes: set) -> dict:
    since = process.started(kubelet)
    return {
        'pid': kubelet.pid, 'flavour': kubelet.flavour, 'version': process.version(kubelet), 'unit': process.unit(kubelet),
        'command_line': without_secrets(kubelet.command_line), 'since': iso(since) if since else None,
        'seconds': int(time.time() - since) if since else None, 'root_dir': kubelet.root_dir, 'config_file': kubelet.config_file,
        'own_mount_namespace': kubelet.root != '/', 'reason': kubelet.why,
        'watches_plugin_dir': watches.on(kubelet, plugin_dir, inodes),
    }


def _describe_plugin_dir(directory, looked_at, kubelet, doubt: str) -> dict:
    flags = roots.mount_flags(directory.path)
    return {
        'path': directory.path, 'source': directory.source, 'reason': directory.reason, 'exists': os.path.isdir(directory.path),
        'read_only': bool(flags & os.ST_RDONLY), 'noexec': bool(flags & os.ST_NOEXEC),
        'kubelet_path': looked_at.path, 'kubelet_source': looked_at.source, 'kubelet_reason': looked_at.reason,
        'same': os.path.realpath(directory.path) == os.path.realpath(looked_at.path),
        'symlink': os.path.islink(looked_at.path), 'seen_by_kubelet': not kubelet or bool(doubt) or directories.sees(kubelet, directory.path),
        'unsafe': bool(trust.why_open(directory.path)), 'doubt': doubt,
    }


def _record(directory_name: str) -> dict:
    """Return what the node keeps of a driver that this collection deployed, nothing of others."""
    return records.known(DriverName(*directory_name.split('~'))) if directory_name.count('~') == 1 else {}


def _misplaced(directory, looked_at, kubelet) -> list:
    """Return the drivers that the kubelet does not find: they lie where they were deployed to, or where every manual says, and it looks elsewhere."""
    if not kubelet:
        return []
    deployed = {record['plugin_dir'] for record in map(records.known, records.names()) if record}
    seen = {os.path.realpath(path) for path in (directory.path, looked_at.path)}
    elsewhere = sorted(path for path in deployed | {directories.UPSTREAM} if os.path.realpath(path) not in seen)
    return [os.path.join(path, name) for path in elsewhere for name in _driver_directories(path)]


def _vanished(plugin_dir: str, names: list) -> list:
    """Return the names of the drivers that were deployed to this plugin dir and are not in it; one that came since C(names) were listed is."""
    records_of = {name: records.known(name) for name in records.names() if name.directory not in names}
    return [str(name) for name, record in records_of.items() if record and os.path.realpath(record['plugin_dir']) == os.path.realpath(plugin_dir)
            and not os.path.isdir(os.path.join(plugin_dir, name.directory))]


def _describe_inotify(kubelet) -> dict:
    proc = kubelet.proc if kubelet else '/proc'
    instances, watched = watches.usage(proc, 0)
    most_instances, most_watches = watches.limits(proc)
    return {'instances': instances, 'max_user_instances': most_instances, 'watches': watched, 'max_user_watches': most_watches}


def _describe_init(verdict) -> dict:
    return {'status': verdict.status, 'message': verdict.message, 'capabilities': verdict.capabilities,
            'seconds': round(verdict.answer.seconds, 3), 'timed_out': verdict.answer.timed_out, 'defect': verdict.defect}


def _with_timers(drivers: list) -> list:
    """Add the touch and prune timers and how their services fared last, asked for in one go each."""
    units = {}
    for driver in drivers:
        for kind in ('touch', 'prune'):
            driver[f'{kind}_timer'] = None
            try:
                name = DriverName.parse(driver['name'])
            except NodeError:
                continue  # No name of ours: the driver came from elsewhere, without a timer.
            units[driver['name'], kind] = timers.timer_of(kind, name), timers.service_of(kind, name)
    there = systemd.installed([timer for timer, _service in units.values()]) if systemd.running() else []
    if there:
        outcome = systemd.ensure({}, there, [], check=True)
        failing = systemd.failed([service for timer, service in units.values() if timer in there])
        for driver in drivers:
            for kind in ('touch', 'prune'):
                timer, service = units.get((driver['name'], kind), ('', ''))
                if timer in there:
                    # What systemd takes for a condition that is not met is no failure to it.
                    lost = timers.program_of(service) and not os.path.exists(timers.program_of(service))
                    driver[f'{kind}_timer'] = dict(unit=timer, service=service, active=timer not in outcome.facts['asleep'],
                                                   failing=service in failing or bool(lost), **outcome.facts['timers'].get(timer, {}))
    return drivers


def _visible(plugin_dir: str) -> list:
    return sorted(name for name in roots.listing(plugin_dir) if not name.startswith('.'))


def _driver_directories(plugin_dir: str) -> list:
    return [name for name in _visible(plugin_dir) if os.path.isdir(os.path.join(plugin_dir, name))]


def _is_program(path: str) -> bool:
    status = _stat(path)
    return status is not None and stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o111)


def _stat(path: str):
    try:
        return os.stat(path)
    except OSError:
        return None


def _what_kind(status) -> str:
    if status is None:
        return 'missing'
    if not stat.S_ISREG(status.st_mode):
        return 'no file'
    return 'program' if status.st_mode & 0o111 else 'not executable'


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _missing_interpreter(executable: str, kubelet):
    """Return the interpreter that a script names and the kubelet does not find, or None."""
    words = executables.shebang(executable).split()
    wanted = words[:1]
    if wanted and os.path.basename(words[0]) == 'env':
        wanted += [word for word in words[1:] if not word.startswith('-') and '=' not in word][:1]
    return next((word for word in wanted if not process.which(word, kubelet)), None)
