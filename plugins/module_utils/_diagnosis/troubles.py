# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong on a node, named with what to do about it: pure functions over what the room facts gathers.

Each function below knows one trouble and returns a list of them, empty on a healthy node.
"""

from .._kubelet.process import STARTING, loses_drivers
from .._outcome import quoted

# A driver's init runs under a lock that every volume operation of the node waits for (flexvolume/probe.go).
SLOW = 5
NEARLY = 0.9
MOST_PODS = 5


def find(facts: dict) -> list:
    """Return every trouble as a dict of C(trouble) (a short name), C(driver) (None for one of the whole node), C(what), C(where) and C(advice)."""
    return [trouble for judge in JUDGES for trouble in judge(facts)]


def looks_elsewhere(facts: dict) -> list:
    directory = facts['plugin_dir']
    certain = facts['kubelet'] or directory['kubelet_source'] != 'default'
    if directory['same'] or not certain:
        return []
    return [_trouble('looks_elsewhere', directory['path'],
                     f'The kubelet looks for drivers in {directory["kubelet_path"]}, so it never finds what lies in {directory["path"]}.',
                     f'Leave plugin_dir out, or give the kubelet --volume-plugin-dir={directory["path"]} and restart it. {directory["kubelet_reason"]}')]


def not_seen(facts: dict) -> list:
    directory, kubelet = facts['plugin_dir'], facts['kubelet']
    if not kubelet or not directory['same'] or directory['seen_by_kubelet']:
        return []
    return [_trouble('not_seen', directory['path'],
                     f'The kubelet (pid {kubelet["pid"]}) runs in a mount namespace of its own, a container, in which {directory["path"]} of this node is '
                     'not where it looks for drivers.',
                     f'Mount {directory["path"]} of the node at the same place in that container and restart it. {directory["reason"]}')]


def read_only(facts: dict) -> list:
    directory = facts['plugin_dir']
    if not directory['read_only']:
        return []
    lost = '' if directory['exists'] or not facts['kubelet'] else ', and the kubelet, which could not make the directory, runs without FlexVolume'
    return [_trouble('read_only', directory['path'],
                     f'{directory["path"]} lies on a file system that is mounted read-only, so no driver can be put there or touched{lost}.',
                     'Give the kubelet --volume-plugin-dir (or volumePluginDir in its config file) with a directory that can be written, such as '
                     '/var/lib/kubelet/volumeplugins, the controller manager the same as --flex-volume-plugin-dir, and restart both.')]


def noexec(facts: dict) -> list:
    directory = facts['plugin_dir']
    if not directory['noexec']:
        return []
    return [_trouble('noexec', directory['path'],
                     f'{directory["path"]} lies on a file system that is mounted noexec, so the kubelet cannot run any driver there.',
                     'Mount it without noexec (also in /etc/fstab), or give the kubelet another --volume-plugin-dir and restart it.')]


def gone(facts: dict) -> list:
    directory = facts['plugin_dir']
    if _is_starting(facts) or directory['exists'] or directory['read_only'] or not (directory['same'] and directory['seen_by_kubelet']):
        return []
    return [_trouble('gone', directory['path'],
                     f'The kubelet runs, but its plugin dir {directory["path"]} is not there, although a kubelet makes it as it starts: its prober could not '
                     'start, and it will not find drivers that are put there now.',
                     f'Restart the kubelet{_restart(facts)}, which makes the directory again, then deploy the drivers.')]


def not_watched(facts: dict) -> list:
    directory, kubelet = facts['plugin_dir'], facts['kubelet']
    if _is_starting(facts) or kubelet['watches_plugin_dir'] or not (directory['exists'] and directory['same'] and directory['seen_by_kubelet']):
        return []
    if directory['symlink']:
        return [_trouble('not_watched', directory['kubelet_path'],
                         f'The kubelet (pid {kubelet["pid"]}) was told to look in {directory["kubelet_path"]}, which is a symbolic link: it reads the drivers '
                         'there once, as it starts, and watches nothing. It finds no new driver, and neither touching one nor a restart helps for long.',
                         f'Name the real directory, {directory["path"]}, or end the name with a slash. {directory["kubelet_reason"]} '
                         f'Then restart the kubelet{_restart(facts)}.')]
    return [_trouble('not_watched', directory['path'],
                     f'The kubelet (pid {kubelet["pid"]}) does not watch {directory["path"]}: its prober could not start, or the directory was made anew '
                     'since. It finds no new driver, and touching one does not help.',
                     f'Restart the kubelet{_restart(facts)}; where that does not help, look for "flexvolume" and "inotify" in its log.')]


def misplaced(facts: dict) -> list:
    directory = facts['plugin_dir']
    return [_trouble('misplaced', path,
                     f'{path} lies in another plugin dir: the kubelet looks for drivers in {directory["kubelet_path"]}, so it never finds it there.',
                     f'Deploy the driver again without plugin_dir, then remove {path}. {directory["kubelet_reason"]}')
            for path in facts['misplaced']]


def vanished(facts: dict) -> list:
    if not facts['plugin_dir']['exists']:
        return []
    # Of one that pods have volumes of that is said.
    said = [driver['name'] for driver in facts['abandoned']]
    return [_trouble('vanished', name,
                     f'{name} was deployed to {facts["plugin_dir"]["path"]}, and somebody has deleted it there: pods that ask for it wait.',
                     f'Deploy {name} again, or withdraw it (state: absent), which removes its timer.', name)
            for name in facts['vanished'] if name not in said]


def driver_not_watched(facts: dict) -> list:
    if not facts['kubelet'] or not facts['kubelet']['watches_plugin_dir']:
        return []
    return [_trouble('driver_not_watched', driver['directory'],
                     f'The kubelet watches the plugin dir but not {driver["directory"]}, so it does not notice when {driver["name"]} is changed there.',
                     f'Touch the directory itself after each change, as the touch timer does, or restart the kubelet{_restart(facts)}.', driver['name'])
            for driver in facts['drivers'] if not driver['watched'] and not driver['symlink']]


def symlinks(facts: dict) -> list:
    worse = ' Before 1.24 it probes one all the same that is made while it runs, and if that fails, every later probe fails.' if _is_intolerant(facts) else ''
    return [_trouble('symlink', driver['directory'],
                     f'{driver["directory"]} is a symbolic link, and the kubelet neither probes nor watches a driver directory that is one.{worse}',
                     'Replace the link with a directory that holds the driver.', driver['name'])
            for driver in facts['drivers'] if driver['symlink']]


def no_executable(facts: dict) -> list:
    return [_trouble('no_executable', driver['directory'], what, advice, driver['name'])
            for driver in _probed(facts) if driver['executable'] in ('missing', 'no file') for what, advice in [_why_no_executable(driver)]]


def not_executable(facts: dict) -> list:
    return [_trouble('not_executable', driver['path'],
                     f'{driver["path"]} has mode {driver["mode"]}, no execute permission, so its init fails at each probe.',
                     f'chmod 0755 {quoted(driver["path"])}', driver['name'])
            for driver in _probed(facts) if driver['executable'] == 'not executable']


def init_fails(facts: dict) -> list:
    return [_trouble('init_fails', driver['path'],
                     f'The driver {driver["name"]} fails its init, so the kubelet does not know it: {driver["init"]["defect"]}',
                     f'Repair the driver ("{driver["path"]} init" shows it), or remove {driver["directory"]} where nothing uses it.', driver['name'])
            for driver in _probed(facts) if _fails(driver) and not driver['init']['timed_out'] and not facts['plugin_dir']['noexec']]


def interpreter_missing(facts: dict) -> list:
    where = "in the kubelet's own mount namespace" if facts['kubelet'] and facts['kubelet']['own_mount_namespace'] else 'on this node'
    return [_trouble('interpreter_missing', driver['path'],
                     f'The driver {driver["name"]} wants the interpreter {driver["interpreter"]!r}, which the kubelet does not find {where}.',
                     'Install the interpreter there, or deploy the driver with one that is there.', driver['name'])
            for driver in _probed(facts) if driver['interpreter'] and not _fails(driver)]


def init_slow(facts: dict) -> list:
    return [_trouble('init_slow', driver['path'],
                     f'The init of {driver["name"]} {_how_long(driver["init"])}, and every volume operation of the node waits for it at each probe.',
                     'Make init answer at once and leave slow work to mount.', driver['name'])
            for driver in _probed(facts) if driver['init'] and (driver['init']['timed_out'] or (not _fails(driver) and driver['init']['seconds'] >= SLOW))]


def _how_long(init: dict) -> str:
    return f'{"had not answered after" if init["timed_out"] else "took"} {init["seconds"]:.0f} s'


def hides_others(facts: dict) -> list:
    broken, healthy = _poisonous(facts), [driver['name'] for driver in _probed(facts) if not _is_broken(driver)]
    if not (broken and healthy):
        return []
    drivers = [name for name in broken if name not in facts['misprobed']]
    advice = [f'Repair {" and ".join(drivers)}, or remove it, its executable first and then its directory.'] if drivers else []
    return [_trouble('hides_others', facts['plugin_dir']['path'],
                     f'The kubelet is {facts["kubelet"]["version"] or "of an unknown version"}; before 1.24 what it probes and is broken ({", ".join(broken)}) '
                     f'makes it forget the others ({", ".join(healthy)}) whenever it probes them together, so that their pods fail with "no volume plugin '
                     'matched". Once a broken driver is touched or written to, every later probe fails, and touching the others no longer helps.',
                     f'{" ".join(advice + list(facts["misprobed"].values()))} Then the kubelet takes the others once they are touched, as their timers do. '
                     f'Until then leave it alone; a restart of the kubelet{_restart(facts)} forgets what was touched.')]


def not_registered(facts: dict) -> list:
    found = []
    for driver in _probed(facts):
        if driver['registered'] is not False or _is_broken(driver):
            continue
        broken = _poisonous(facts)
        why = f': before 1.24 it throws away the results of a probe in which another driver fails, here {", ".join(broken)}' if broken else ''
        first = f'See to {" and ".join(broken)} first, then: ' if broken else ''
        found.append(_trouble('not_registered', driver['path'],
                              f'The kubelet has probed its plugin dir and did not load {driver["name"]}{why}. Its pods fail with "no volume plugin matched".',
                              f'{first}touch {quoted(driver["path"])} {quoted(driver["directory"])}', driver['name']))
    return found


def pods_refused(facts: dict) -> list:
    refused = [complaint for complaint in facts['complaints'] if complaint['kind'] == 'unknown']
    if not refused:
        return []
    return [_trouble('pods_refused', facts['plugin_dir']['kubelet_path'],
                     f'The kubelet knows no driver for a volume of {_listed(refused)}: "no volume plugin matched".',
                     'Deploy the driver that the pod names (spec.volumes[].flexVolume.driver) under that very name. Where it is deployed, the other troubles '
                     'of this node say why the kubelet does not know it.')]


def mount_fails(facts: dict) -> list:
    return [_trouble('mount_fails', name,
                     f'The kubelet cannot mount volumes of {name} for {_listed(failed)}. The driver says: {_reasons(failed)}',
                     "What the driver says is what has to be seen to: on the node, in the driver's config, or in the options of the pod's volume. The "
                     'kubelet tries again by itself.', name)
            for name, failed in _by_driver(facts, 'mount')]


def unmount_fails(facts: dict) -> list:
    return [_trouble('unmount_fails', name,
                     f'The kubelet cannot unmount volumes of {name} for {_listed(failed)}, which stay terminating. It says: {_reasons(failed)}',
                     'What it says is what has to be seen to. The kubelet tries again by itself; where the driver cannot be mended, '
                     f'{_cleared(path for complaint in failed for path in complaint["paths"])}', name)
            for name, failed in _by_driver(facts, 'unmount')]


def orphaned(facts: dict) -> list:
    return [_trouble('orphaned', f'{facts["kubelet"]["root_dir"]}/pods/{complaint["uid"]}',
                     f'The pod {complaint["uid"]} is gone, but a volume of {complaint["driver"]} still lies there, and the kubelet, which never deletes across '
                     'a mount, cannot clear the rest away.',
                     _cleared(complaint['paths']), complaint['driver'])
            for complaint in facts['complaints'] if complaint['kind'] == 'orphaned']


def abandoned(facts: dict) -> list:
    if not facts['plugin_dir']['same']:
        return []
    return [_trouble('abandoned', driver['name'],
                     f'Pods have volumes of {driver["name"]}, a driver that is not on this node, so these cannot be mounted or unmounted and the pods stay '
                     f'pending or terminating: {", ".join(driver["pods"])}.',
                     f'Deploy {driver["name"]} again, at least until these pods are gone.', driver['name'])
            for driver in facts['abandoned']]


def not_believed(facts: dict) -> list:
    directory = facts['plugin_dir']
    if not directory['doubt']:
        return []
    return [_trouble('not_believed', directory['path'],
                     directory['doubt'], 'Until then nothing is deployed to this node, and no driver there is called.')]


def impostors(facts: dict) -> list:
    return [_trouble('impostor', 'kubelet', sentence, 'See what that process is and who started it; nothing that it says of itself was used.')
            for sentence in facts['disbelieved']]


def unsafe(facts: dict) -> list:
    return [_trouble('unsafe', path,
                     f'Others than root can write {path}, and what lies there the kubelet runs as root.',
                     f'chown root:root {quoted(path)} && chmod go-w {quoted(path)}', driver['name'])
            for driver in facts['drivers'] for path in driver['unsafe']]


def timer_asleep(facts: dict) -> list:
    # The timer stops with the kubelet and starts with it.
    if _is_starting(facts):
        return []
    return [_trouble('timer_asleep', driver['touch_timer']['unit'],
                     f'The touch timer of {driver["name"]} is there but not enabled and active, so a kubelet that loses the driver does not find it again.',
                     f'systemctl enable --now {driver["touch_timer"]["unit"]}', driver['name'])
            for driver in facts['drivers'] if driver['touch_timer'] and not driver['touch_timer']['active']]


def timer_fails(facts: dict) -> list:
    return [_trouble('timer_fails', driver['touch_timer']['service'],
                     f'The service that touches {driver["name"]} failed when it ran last, so a kubelet that loses the driver does not find it again.',
                     f'"systemctl status {driver["touch_timer"]["service"]}" says why; deploying the driver again writes the service anew.', driver['name'])
            for driver in facts['drivers'] if driver['touch_timer'] and driver['touch_timer']['failing']]


def host_paths(facts: dict) -> list:
    found = []
    for driver in facts['drivers']:
        for entry in driver['host_paths']:
            if not entry['mounted']:
                found.append(_trouble('host_path_not_mounted', entry['path'],
                                      f'The host path {entry["path"]} of {driver["name"]} lay on {entry["mount"]}, where nothing is mounted now: what pods '
                                      'write would land on the disk below.',
                                      f'Mount {entry["mount"]}, or deploy the driver again if its host path is to lie elsewhere from now on.',
                                      driver['name']))
            elif not entry['exists']:
                found.append(_trouble('host_path_missing', entry['path'],
                                      f'The host path {entry["path"]} of {driver["name"]} is not there.',
                                      'Deploy the driver again, which makes it.', driver['name']))
    return found


def prune_fails(facts: dict) -> list:
    return [_trouble('prune_fails', driver['prune_timer']['service'],
                     f'The service that prunes the volumes of {driver["name"]} failed when it ran last, so what outlived its retention stays.',
                     f'"journalctl --unit {driver["prune_timer"]["service"]}" says why.', driver['name'])
            for driver in facts['drivers'] if driver['prune_timer'] and driver['prune_timer']['failing']]


def strays(facts: dict) -> list:
    worse = ' Before 1.24 it probes one all the same that is put there while it runs, and then fails every later probe.' if _is_intolerant(facts) else ''
    return [_trouble('stray', f'{facts["plugin_dir"]["path"]}/{name}',
                     f'The program {name} lies in the plugin dir itself, where the kubelet does not look: it takes directories only.'
                     f'{worse}',
                     f'Deploy it as vendor~{name}/{name}, or remove it.')
            for name in facts['strays']]


def inotify(facts: dict) -> list:
    use = facts['inotify']
    return [_trouble('inotify', f'fs.inotify.max_user_{kind}',
                     f'{use[kind]} of the {use["max_user_" + kind]} inotify {kind} that root may have are in use. When they run out, a kubelet that starts '
                     'cannot watch its plugin dir and runs without FlexVolume.',
                     f'Raise it: sysctl -w fs.inotify.max_user_{kind}={2 * use["max_user_" + kind]}, and keep that in /etc/sysctl.d.')
            for kind in ('instances', 'watches') if use['max_user_' + kind] and use[kind] >= NEARLY * use['max_user_' + kind]]


JUDGES = (
    looks_elsewhere, not_seen, read_only, noexec, gone, not_watched, misplaced, vanished, driver_not_watched, symlinks, no_executable, not_executable,
    init_fails, interpreter_missing, init_slow, hides_others, not_registered, pods_refused, mount_fails, unmount_fails, orphaned, abandoned, not_believed,
    impostors, unsafe, timer_asleep, timer_fails, prune_fails, host_paths, strays, inotify,
)


def _trouble(trouble: str, where: str, what: str, advice: str, driver=None) -> dict:
    return {'trouble': trouble, 'driver': driver, 'what': what, 'where': where, 'advice': advice}


def _is_starting(facts: dict) -> bool:
    """Say whether there is no kubelet yet, or none long enough for what begins with it."""
    kubelet = facts['kubelet']
    return kubelet is None or (kubelet['seconds'] is not None and kubelet['seconds'] < STARTING)


def _restart(facts: dict) -> str:
    unit = facts['kubelet']['unit']
    return f' (systemctl restart {unit})' if unit else ''


def _probed(facts: dict) -> list:
    return [driver for driver in facts['drivers'] if not driver['symlink']]


def _fails(driver: dict) -> bool:
    return bool(driver['init'] and driver['init']['defect'])


def _poisonous(facts: dict) -> list:
    """Return the names of the drivers, and of what only passes for one, that make this kubelet forget others."""
    return [driver['name'] for driver in _probed(facts) if _is_broken(driver)] + list(facts['misprobed']) if _is_intolerant(facts) else []


def _is_intolerant(facts: dict) -> bool:
    return bool(facts['kubelet']) and loses_drivers(facts['kubelet']['version'])


def _is_broken(driver: dict) -> bool:
    return driver['executable'] != 'program' or _fails(driver) or bool(driver['interpreter'])


def _why_no_executable(driver: dict) -> tuple:
    name = driver['path'].rpartition('/')[2]
    visible = [other for other in driver['names'] if not other.startswith('.')]
    if driver['executable'] == 'no file':
        return f'{driver["path"]} is not a regular file, so its init fails at each probe.', "Put the driver's executable in its place."
    if name in driver['names']:
        return f'{driver["path"]} is a symbolic link that leads nowhere.', "Put the driver's executable in its place."
    if f'.{name}' in driver['names']:
        hidden = f'{driver["directory"]}/.{name}'
        return (f'{driver["directory"]} holds the driver under the hidden name .{name} only: an installer was stopped half-way.',
                f'Deploy the driver again, or mv {quoted(hidden)} {quoted(driver["path"])}')
    if visible:
        return (f'{driver["directory"]} holds {", ".join(visible)}, but the kubelet calls {name}, which is not there.',
                f'Name the executable {name}, or the directory vendor~{visible[0]}.')
    return (f'{driver["directory"]} has no driver in it, so the kubelet fails to probe it.',
            f'Remove the directory (rm -r {quoted(driver["directory"])}), or deploy the driver {driver["name"]}.')


def _by_driver(facts: dict, kind: str) -> list:
    """Return (driver, its complaints of that kind) for each driver that has some."""
    found: dict = {}
    for complaint in facts['complaints']:
        if complaint['kind'] == kind:
            found.setdefault(complaint['driver'], []).append(complaint)
    return sorted(found.items())


def _listed(complaints: list) -> str:
    shown = [f'{complaint["pod"]} ({complaint["count"]} times in the last hour, the last at {complaint["last"]})' for complaint in complaints[:MOST_PODS]]
    return ', '.join(shown) + (f' and {len(complaints) - MOST_PODS} more' if len(complaints) > MOST_PODS else '')


def _reasons(complaints: list) -> str:
    return ' / '.join(sorted({complaint['reason'] for complaint in complaints})[:MOST_PODS])


def _cleared(paths) -> str:
    """Return the commands that clear volumes away without ever deleting data: rmdir takes empty directories only, and crosses no mount."""
    words = []
    for path in paths:
        place = quoted(path['path'])
        if path['mounted']:
            words.append(f'umount {place} && rmdir {place}')
        elif path['empty']:
            words.append(f'rmdir {place}')
        else:
            words.append(f'look at what lies in {place}, which is no mount, and move it away; then rmdir {place}')
    return '; '.join(words)
