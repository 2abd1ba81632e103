# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What node_info would return on many nodes: simulated facts, judged by the real room of troubles."""

import copy
import datetime
import hashlib

from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import troubles

MADE = '2026-11-25T14:41:05Z'
PLUGINS = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
NAMES = ('nodeops/dynhostpath', 'acme/nfs', 'fstab/cifs', 'example.com/lvm', 'ceph.rook.io/rook')


def results(count: int, drivers: int = 1, ill: bool = True) -> dict:
    """Return the result of each node; of ill fleets about one node in 25 has something wrong with it."""
    names = [f'node-{number:0{len(str(count))}}' for number in range(1, count + 1)]
    return {name: _result(number, drivers, ill) for number, name in enumerate(names, 1)}


def healthy(number: int = 1, drivers: int = 1) -> dict:
    """Return the facts of a healthy node."""
    return {
        'kubelet': {'pid': 700 + number, 'flavour': 'kubelet', 'version': 'v1.29.3' if number % 7 else 'v1.20.2', 'unit': 'kubelet.service',
                    'since': before(86400 * 11 + number), 'seconds': 86400 * 11, 'own_mount_namespace': False, 'watches_plugin_dir': True},
        'plugin_dir': {'path': PLUGINS, 'source': 'default', 'reason': 'The kubelet is given no plugin dir, so it uses its default.', 'kubelet_path': PLUGINS,
                       'kubelet_source': 'default', 'kubelet_reason': 'It is the default.', 'same': True, 'seen_by_kubelet': True, 'exists': True,
                       'read_only': False, 'noexec': False, 'unsafe': False, 'symlink': False, 'doubt': ''},
        'drivers': [_driver(name, number) for name in NAMES[:drivers]], 'strays': [], 'abandoned': [], 'misplaced': [], 'misprobed': {}, 'vanished': [],
        'disbelieved': [], 'complaints': [],
        'inotify': {'instances': 41, 'max_user_instances': 128, 'watches': 312, 'max_user_watches': 65536},
    }


def judged(facts: dict) -> dict:
    """Return facts as node_info does, with the troubles that they amount to."""
    return dict(facts, troubles=troubles.find(facts))


def _driver(name: str, number: int) -> dict:
    directory = f'{PLUGINS}/{name.replace("/", "~")}'
    old = number % 17 == 0 and name == NAMES[0]
    pods = [f'shop/web-{pod} ({_hash(f"{number} {pod}")[:8]}-1111-4222-8333-444444444444)' for pod in range(number % 6)]
    return {
        'name': name, 'directory': directory, 'path': f'{directory}/{name.partition("/")[2]}', 'symlink': False, 'names': [name.partition('/')[2]],
        'executable': 'program', 'mode': '0755', 'owner': 'root', 'size': 20480, 'mtime': before(number % 15), 'sha256': _hash(f'{name} {old}'),
        'previous_sha256': None if old else _hash(f'{name} True'), 'registered': True,
        'interpreter': None, 'unsafe': [], 'watched': True, 'previous': True, 'config': True,
        'init': {'status': 'Success', 'message': '', 'capabilities': {}, 'seconds': 0.02 + number % 9 / 1000, 'timed_out': False,
                 'defect': None},
        'touch_timer': {'unit': f'flexvolume-touch-{name.replace("/", "-")}.timer', 'service': 'flexvolume-touch.service', 'active': True, 'failing': False,
                        'last': before(9), 'next': MADE},
        'prune_timer': None, 'host_paths': [],
        'pods': pods, 'volumes': {'count': len(pods), 'oldest': before(86400 * (number % 40)) if pods else None},
    }


def _result(number: int, drivers: int, ill: bool) -> dict:
    facts = healthy(number, drivers)
    kind = number % 97 if ill else -1
    if kind == 13:
        return {'unreachable': True, 'msg': 'Failed to connect to the host via ssh: connect to host 10.0.0.13 port 22: No route to host'}
    if kind == 31:
        return {'failed': True, 'msg': 'The module interpreter /usr/bin/python3 was not found.'}
    driver = facts['drivers'][0]
    if kind in (3, 17, 44):
        defect = "its output is not one JSON object (the kubelet reads stdout and stderr as one stream, and all of it): 'jq: not found'"
        driver['init'] = dict(driver['init'], status='Failure', defect=defect)
    elif kind == 22:
        facts['kubelet']['watches_plugin_dir'] = False
    elif kind == 58:
        driver['touch_timer']['active'] = False
    elif kind == 71:
        facts['inotify']['instances'] = 127
    elif kind == 80:
        facts['drivers'].append(dict(copy.deepcopy(driver), name='acme/empty', directory=f'{PLUGINS}/acme~empty', path=f'{PLUGINS}/acme~empty/empty', names=[],
                                     executable='missing', mode=None, owner=None, size=None, mtime=None, sha256=None, previous_sha256=None, init=None,
                                     touch_timer=None, pods=[], volumes={'count': 0, 'oldest': None}))
    return judged(facts)


def before(seconds: int) -> str:
    """Return the time so many seconds before the fleet was looked at."""
    return (datetime.datetime.strptime(MADE, '%Y-%m-%dT%H:%M:%SZ') - datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%SZ')


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
