# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the driver nodeops/dynhostpath keeps on a node, by namespace: counted from its records, with an upper limit on the work.

The directories are the tenants': no link in them is followed, no mount below them entered, and what is read is turned into numbers alone.
"""

import itertools
import json
import os
import stat

DRIVER = 'nodeops/dynhostpath'
BASE = '/var/lib/dynhostpath'
STATE = '.state'
# So many files are looked at in one go, for some 30 ms; where there are more, the bytes of what was not reached are not known.
MOST_FILES = 10000
DEEPEST = 50
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
LONGEST_RECORD = 65536


def of(driver: dict) -> dict:
    """Return what the driver keeps: C(base), its C(free) and C(size) in bytes, and C(namespaces), each with C(volumes) and C(bytes), None where not known.

    C(driver) is the driver's facts. Empty where it has no base.
    """
    base = _base(os.path.join(driver['directory'], '.config.json'))
    try:
        descriptor = os.open(base, DIRECTORY)
    except OSError:
        return {}
    try:
        space = os.fstatvfs(descriptor)
        return {'base': base, 'free': space.f_bavail * space.f_frsize, 'size': space.f_blocks * space.f_frsize, 'namespaces': _namespaces(descriptor)}
    finally:
        os.close(descriptor)


def _base(config: str) -> str:
    try:
        with open(config, encoding='utf-8') as file:
            return str(json.load(file).get('base', BASE))
    except (OSError, ValueError, AttributeError):
        return BASE


def _namespaces(base: int) -> dict:
    found: dict = {}
    left = [MOST_FILES]
    for uid in _names(base, STATE):
        for volume in _names(base, STATE, uid):
            record = _record(base, uid, volume)
            namespace, directory = record.get('namespace'), record.get('directory')
            if not isinstance(namespace, str) or not isinstance(directory, str):
                continue
            known = found.setdefault(namespace, {'volumes': 0, 'bytes': 0})
            known['volumes'] += 1
            size = _size(base, directory.split('/'), left)
            known['bytes'] = None if known['bytes'] is None or size is None else known['bytes'] + size
    return found


def _names(base: int, *names) -> list:
    try:
        descriptor = _walk(base, names)
    except OSError:
        return []
    try:
        return sorted(name for name in os.listdir(descriptor) if not name.startswith('.'))
    finally:
        os.close(descriptor)


def _record(base: int, uid: str, volume: str) -> dict:
    try:
        descriptor = _walk(base, (STATE, uid))
    except OSError:
        return {}
    try:
        file = os.open(volume, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
        with open(file, 'rb') as stream:
            record = json.loads(stream.read(LONGEST_RECORD).decode('utf-8', 'replace')) if stat.S_ISREG(os.fstat(file).st_mode) else {}
        return record if isinstance(record, dict) else {}
    except (OSError, ValueError):
        return {}
    finally:
        os.close(descriptor)


def _size(base: int, names: list, left: list):
    """Return the bytes on the disk of a directory and all below it, None where that is too much to count."""
    if '..' in names:
        return None
    try:
        top = _walk(base, names)
    except OSError:
        return 0
    try:
        return _below(top, os.fstat(top).st_dev, left, 0)
    except OSError:
        return None
    finally:
        os.close(top)


def _below(directory: int, device: int, left: list, depth: int):
    total = 0
    # Not a list of all names, of which a tenant can make millions.
    with os.scandir(f'/proc/self/fd/{directory}') as entries:
        names = [entry.name for entry in itertools.islice(entries, max(0, left[0]) + 1)]
    for name in names:
        left[0] -= 1
        if left[0] < 0 or depth > DEEPEST:
            return None
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            total += status.st_blocks * 512
            if not stat.S_ISDIR(status.st_mode) or status.st_dev != device:
                continue
            inner = os.open(name, DIRECTORY, dir_fd=directory)
        except FileNotFoundError:
            continue
        try:
            size = _below(inner, device, left, depth + 1)
        finally:
            os.close(inner)
        if size is None:
            return None
        total += size
    return total


def _walk(start: int, names) -> int:
    """Open a directory below another, link by link, following none."""
    current = os.dup(start)
    for name in names:
        try:
            following = os.open(name, DIRECTORY, dir_fd=current)
        finally:
            os.close(current)
        current = following
    return current
