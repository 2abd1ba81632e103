# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kubelet complains of in its log: pods whose driver it does not know, volumes that it cannot mount or unmount, directories of pods that are gone.

A complaint is over as soon as it is not repeated, so only what stands is returned. Its end, such as a driver's own reason, may hold a tenant's words;
what is read from it stands before those.
"""

import os
import re
import time

from .._outcome import iso
from .._system import mounts, roots
from . import journal, process

UNKNOWN, MOUNT, UNMOUNT, ORPHANED = 'unknown', 'mount', 'unmount', 'orphaned'
# How long back it is read, and counted.
WINDOW = 3600
# After so many seconds without a repetition it is over. A pod is tried again within 15 s or so (kubelet/pod_workers.go), a volume within 2 min 2 s
# (util/goroutinemap/exponentialbackoff), and directories of pods that are gone are looked for every 2 s (kubelet.go).
PATIENCE = {UNKNOWN: 60, MOUNT: 150, UNMOUNT: 150, ORPHANED: 30}
PATTERN = r'no volume plugin matched|(Unm|M)ountVolume\.[A-Za-z]+ failed|rphaned pod '
LONGEST_REASON = 300
# All that is read of a failed mount stands before so many characters; what comes then may be a pod's author's, made to be searched for long.
LONGEST_LINE = 8192

HEAD = r'(?:\S+ )?E\d{4} [\d:.]+ +\d+ '
UID = r'[0-9a-fA-F-]{32,36}'
# Up to 1.20: Error syncing pod UID ("NAME_NAMESPACE(UID)"), skipping: ...; later: "Error syncing pod, skipping" err="..." pod="NAMESPACE/NAME" podUID=UID
REFUSED = re.compile(HEAD + r'pod_workers\.go:\d+\] "?Error syncing pod\b(?P<text>.*?err=no volume plugin matched.*)')
OLD_POD = re.compile(r' (?P<uid>' + UID + r') \("(?P<name>[^_"]+)_(?P<namespace>[^("]+)\(')
NEW_POD = re.compile(r' pod="(?P<namespace>[^/"]+)/(?P<name>[^"]+)" podUID="?(?P<uid>' + UID + ')')
# Error: is followed by a quoted Go string up to 1.21 or so, whose own quotes are escaped.
FAILED = re.compile(
    HEAD + r'nestedpendingoperations\.go:\d+\] Operation for "\{volumeName:(?P<vendor>[^/ ]+)/(?P<driver>[^/ ]+)/\S* podName:(?P<uid>' + UID + r') '
    r'nodeName:\S*\}" failed\. .*?Error: "?(?P<operation>M|Unm)ountVolume\.\w+ failed for volume \\?"(?P<volume>[^"\\]+)\\?" \(UniqueName: [^)]*\) '
    r'pod \\?"(?P<name>[^"\\]+)\\?" \(UID: [^)]*\) ?: (?P<reason>.*)')
LEFT = re.compile(HEAD + r'kubelet_volumes\.go:\d+\] .*?rphaned pod \\?"(?P<uid>' + UID + r')\\?" found')
ITS_OWN = 'kubernetes.io'


def standing(kubelet) -> list:
    """Return the kubelet's complaints that stand, each a dict of C(kind), C(driver), C(pod), C(uid), C(volume), C(reason), C(count), C(last) and
    C(paths), of which each is C(mounted), C(empty) or neither."""
    now = time.time()
    # Another process may have had the kubelet's pid before, a local user's for one.
    since = max(now - WINDOW, (process.started(kubelet) or 0) - journal.ROUNDED)
    shown, _complete = journal.lines(kubelet, since, PATTERN)
    recent = [complaint for complaint in parse(shown) if now - complaint['moment'] < PATIENCE[complaint['kind']]]
    table = {mount.path for mount in mounts.read()} if recent else set()
    found = [_located(complaint, kubelet.root_dir, table) for complaint in recent]
    return [complaint for complaint in found if _stands(complaint, kubelet.root_dir)]


def parse(shown: list) -> list:
    """Return the complaints in lines of the journal, each once, with C(count) and the time of the last, C(moment), in seconds since the epoch."""
    found: dict = {}
    for moment, said in journal.spoken(shown):
        complaint = _read(said)
        if complaint:
            known = found.setdefault((complaint['kind'], complaint['uid'], complaint['volume']), dict(complaint, count=0, moment=0))
            known['count'] += 1
            if moment > known['moment']:
                known.update(complaint, moment=moment)
    return sorted(found.values(), key=lambda complaint: (complaint['kind'], complaint['pod'], complaint['volume']))


def _read(said: str):
    """Return the complaint in one line of the log, or None."""
    failed = FAILED.match(said[:LONGEST_LINE])
    if failed and failed.group('vendor') != ITS_OWN:
        # An unmount that fails names the pod by its uid.
        kind, name = (MOUNT, failed.group('name')) if failed.group('operation') == 'M' else (UNMOUNT, '')
        return _complaint(kind, failed.group('uid'), name, f'{failed.group("vendor")}/{failed.group("driver")}', failed.group('volume'), failed.group('reason'))
    refused = REFUSED.match(said)
    pod = refused and (OLD_POD.match(refused.group('text')) or NEW_POD.search(refused.group('text')))
    if pod:
        return _complaint(UNKNOWN, pod.group('uid'), f'{pod.group("namespace")}/{pod.group("name")}')
    left = LEFT.match(said)
    return _complaint(ORPHANED, left.group('uid')) if left else None


def _complaint(kind: str, uid: str, pod: str = '', driver=None, volume: str = '', reason: str = '') -> dict:
    return {'kind': kind, 'uid': uid, 'pod': pod or uid, 'driver': driver, 'volume': volume, 'reason': reason.rstrip('"')[:LONGEST_REASON], 'paths': []}


def _located(complaint: dict, root_dir: str, table: set) -> dict:
    """Add the paths that it is about, each with whether it is mounted and what it holds, and the driver of a pod that is gone."""
    volumes = os.path.join(root_dir, 'pods', complaint['uid'], 'volumes')
    names = [complaint['driver'].replace('/', '~')] if complaint['driver'] else [name for name in roots.listing(volumes) if not name.startswith(ITS_OWN)]
    paths = [os.path.join(volumes, name, volume) for name in names for volume in roots.listing(os.path.join(volumes, name))
             if not complaint['volume'] or volume == complaint['volume']]
    located = dict(complaint, last=iso(complaint['moment']), paths=[
        {'path': path, 'mounted': path in table, 'empty': path not in table and roots.is_empty(path)} for path in sorted(paths)])
    del located['moment']
    if not located['driver'] and located['kind'] == ORPHANED and names:
        located['driver'] = names[0].replace('~', '/')
    return located


def _stands(complaint: dict, root_dir: str) -> bool:
    """Say whether it can still be true: the pod is there, and the volume is not mounted, or still to be cleared away."""
    mounted = any(path['mounted'] for path in complaint['paths'])
    if complaint['kind'] in (ORPHANED, UNMOUNT):
        return bool(complaint['paths'])
    return not mounted and os.path.isdir(os.path.join(root_dir, 'pods', complaint['uid']))
