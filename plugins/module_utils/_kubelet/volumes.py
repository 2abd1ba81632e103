# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods have volumes of which FlexVolume driver, as the kubelet's own directories say: ROOT/pods/UID/volumes/VENDOR~DRIVER/VOLUME."""

import os

from .._outcome import iso
from .._system.files import names

# A driver directory that the kubelet keeps for its own volume plugins.
RESERVED = 'kubernetes.io~'


def users(driver_directory: str, root_dir: str) -> list:
    """Say which pods have a volume of the driver, mounted or still to be torn down by it, as C(namespace/pod (uid)) or by the uid alone."""
    pods = os.path.join(root_dir, 'pods')
    return [_pod_name(uid) for uid in names(pods) if names(os.path.join(pods, uid, 'volumes', driver_directory))]


def users_by_driver(root_dir: str) -> dict:
    """Return the users of each driver that has some, by the driver directory's name."""
    pods = os.path.join(root_dir, 'pods')
    directories = {name for uid in names(pods) for name in names(os.path.join(pods, uid, 'volumes'))}
    found = {name: users(name, root_dir) for name in directories if name.count('~') == 1 and not name.startswith(RESERVED)}
    return {name: pods for name, pods in found.items() if pods}


def counts(driver_directory: str, root_dir: str) -> dict:
    """Return how many volumes of the driver there are, and since when the oldest; the volumes themselves, which may hang, are not touched."""
    pods = os.path.join(root_dir, 'pods')
    shelves = [os.path.join(pods, uid, 'volumes', driver_directory) for uid in names(pods)]
    found = [(shelf, len(names(shelf))) for shelf in shelves]
    since = [moment for shelf, count in found if count for moment in _changed(shelf)]
    return {'count': sum(count for _shelf, count in found), 'oldest': iso(min(since)) if since else None}


def _changed(directory: str) -> list:
    """Return when a directory was changed last, nothing where its pod went meanwhile."""
    try:
        return [os.lstat(directory).st_mtime]
    except FileNotFoundError:
        return []


def _pod_name(uid: str, logs: str = '/var/log/pods') -> str:
    """Name the pod by its log directory, C(namespace_name_uid) (kubelet/kuberuntime/helpers.go)."""
    for entry in names(logs):
        parts = entry.split('_')
        if len(parts) == 3 and parts[2] == uid:
            return f'{parts[0]}/{parts[1]} ({uid})'
    return uid
