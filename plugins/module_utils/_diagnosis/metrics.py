# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts and troubles as metrics for the textfile collector of Prometheus' node_exporter, and the program that a node writes them with."""

# A program of its own prints what it was asked for; nothing of that runs within a module.
# pylint: disable=ansible-bad-function

import calendar
import os
import resource
import sys
import tempfile
import time

from . import facts, troubles, usage

FILE = 'flexvolume.prom'
FILE_MODE = 0o644


def main() -> int:
    """Write the metrics into the directory that is the one argument, whole or not at all."""
    try:
        found = facts.gather()
        kept = [usage.of(driver) for driver in found['drivers'] if driver['name'] == usage.DRIVER]
        write(sys.argv[1], render(found, troubles.find(found), kept[0] if kept else {}, time.time(), _seconds_used()))
    except OSError as error:
        print(f'{FILE} was not written: {error}', file=sys.stderr)
        return 1
    return 0


def write(directory: str, text: str):
    """Put the file into a directory, which may be another user's, at once: a link there is replaced and not followed."""
    descriptor, fresh = tempfile.mkstemp(prefix='.flexvolume.', dir=directory)
    try:
        with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
            file.write(text)
            os.fchmod(file.fileno(), FILE_MODE)
        os.rename(fresh, os.path.join(directory, FILE))
    except OSError:
        os.unlink(fresh)
        raise


def render(found: dict, wrong: list, kept: dict, now: float, seconds_used: float) -> str:
    """Return the metrics in the text format of Prometheus."""
    return ''.join(_family(name, text, samples) for name, text, samples in _families(found, wrong, kept, now, seconds_used) if samples)


def _families(found: dict, wrong: list, kept: dict, now: float, seconds_used: float) -> list:
    drivers, kubelet = [({'driver': driver['name']}, driver) for driver in found['drivers']], found['kubelet']
    namespaces = [({'namespace': name}, counted) for name, counted in sorted(kept.get('namespaces', {}).items())]
    base = [({'base': kept['base']}, kept)] if kept else []
    timers = {kind: [(labels, driver[f'{kind}_timer']) for labels, driver in drivers if driver[f'{kind}_timer']] for kind in ('touch', 'prune')}
    counts: dict = {}
    for trouble in wrong:
        key = trouble['trouble'], trouble['driver'] or ''
        counts[key] = counts.get(key, 0) + 1
    return [
        ('driver_healthy', 'Whether the kubelet takes the driver and has not lost it.', [(labels, _is_healthy(driver)) for labels, driver in drivers]),
        ('driver_init_seconds', "How long the driver's init took.", [(labels, driver['init']['seconds']) for labels, driver in drivers if driver['init']]),
        ('driver_watched', "Whether the kubelet watches the driver's directory.", [(labels, driver['watched']) for labels, driver in drivers if kubelet]),
        ('driver_registered', 'Whether the kubelet has loaded the driver; missing where it has not said.', [
            (labels, driver['registered']) for labels, driver in drivers if driver['registered'] is not None]),
        ('driver_last_touch_timestamp_seconds', 'When the driver was last written or touched.', [
            (labels, _seconds(driver['mtime'])) for labels, driver in drivers if driver['mtime']]),
        ('driver_info', "The driver's version, the beginning of its checksum.", [
            (dict(labels, version=driver['sha256'][:12]), 1) for labels, driver in drivers if driver['sha256']]),
        ('kubelet_info', 'The running kubelet and its plugin dir.', [
            ({'version': kubelet['version'] or '', 'plugin_dir': found['plugin_dir']['kubelet_path']}, 1)] if kubelet else []),
        ('kubelet_watches_plugin_dir', 'Whether the kubelet watches its plugin dir.', [({}, kubelet['watches_plugin_dir'])] if kubelet else []),
        ('volumes', 'Volumes that pods have of the driver.', [(labels, driver['volumes']['count']) for labels, driver in drivers]),
        ('oldest_volume_timestamp_seconds', 'Since when the oldest of them.', [
            (labels, _seconds(driver['volumes']['oldest'])) for labels, driver in drivers if driver['volumes']['oldest']]),
        ('trouble', 'What is wrong on the node: how many of that kind. The label driver is empty for one of the node.', [
            ({'trouble': trouble, 'driver': driver}, count) for (trouble, driver), count in sorted(counts.items())]),
        ('touch_timer_active', "Whether the driver's touch timer is enabled and active.", [(labels, timer['active']) for labels, timer in timers['touch']]),
        ('prune_failed', "Whether the driver's last prune failed.", [(labels, timer['failing']) for labels, timer in timers['prune']]),
        ('prune_last_timestamp_seconds', "When the driver's prune timer last elapsed.", [
            (labels, _seconds(timer['last'])) for labels, timer in timers['prune'] if timer['last']]),
        ('dynhostpath_volumes', 'Volumes that nodeops/dynhostpath keeps, of living pods and of pods that are gone, by namespace.', [
            (labels, counted['volumes']) for labels, counted in namespaces]),
        ('dynhostpath_bytes', 'Bytes that they take on the disk; missing where there are too many files to count.', [
            (labels, counted['bytes']) for labels, counted in namespaces if counted['bytes'] is not None]),
        ('dynhostpath_base_free_bytes', 'Bytes free where nodeops/dynhostpath keeps its volumes.', [(labels, space['free']) for labels, space in base]),
        ('dynhostpath_base_size_bytes', 'Size of the file system on which they lie.', [(labels, space['size']) for labels, space in base]),
        ('collected_timestamp_seconds', 'When all this was collected.', [({}, now)]),
        ('collection_cpu_seconds', 'The CPU time that collecting it took.', [({}, seconds_used)]),
    ]


def _is_healthy(driver: dict) -> bool:
    return bool(driver['init'] and not driver['init']['defect'] and not driver['symlink'] and driver['registered'] is not False)


def _family(name: str, text: str, samples: list) -> str:
    lines = [f'# HELP flexvolume_{name} {text}', f'# TYPE flexvolume_{name} gauge']
    return '\n'.join(lines + [f'flexvolume_{name}{_labels(labels)} {_number(value)}' for labels, value in samples]) + '\n'


def _labels(labels: dict) -> str:
    return '{' + ','.join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + '}' if labels else ''


def _escaped(text: str) -> str:
    # What is no UTF-8 would make the collector refuse the whole file.
    clean = text.encode('utf-8', 'replace').decode('utf-8')
    return clean.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')


def _number(value) -> str:
    return repr(round(float(value), 3)) if isinstance(value, float) else str(int(value))


def _seconds(moment: str) -> int:
    return calendar.timegm(time.strptime(moment, '%Y-%m-%dT%H:%M:%SZ'))


def _seconds_used() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)
