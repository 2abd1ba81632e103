# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What many nodes said of themselves, put together: pure functions, and the form that fleet.json has.

Screen, page and JUnit show this and nothing else. Whatever a node says is hostile text here: it is passed on as it is, for each of them to escape.
"""

from __future__ import annotations

import collections
import json
import re

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers, _shape

FORMAT = 1
HEALTHY, TROUBLED, UNREACHABLE, FAILED = 'healthy', 'troubled', 'unreachable', 'failed'
STATES = (TROUBLED, FAILED, UNREACHABLE, HEALTHY)
DOCS = 'https://github.com/nodeops/nodeops.flexvolume/blob/main/docs/docsite/rst'
TITLES = {
    'looks_elsewhere': 'The kubelet looks elsewhere',
    'not_seen': "Not in the kubelet's container",
    'read_only': 'The plugin dir is read-only',
    'noexec': 'The plugin dir is noexec',
    'gone': 'The plugin dir is gone',
    'not_watched': 'The kubelet does not watch the plugin dir',
    'misplaced': 'The driver lies where the kubelet does not look',
    'vanished': 'A driver that was deployed is gone',
    'driver_not_watched': 'The kubelet does not watch the driver',
    'symlink': 'The driver directory is a symbolic link',
    'no_executable': 'The driver has no executable',
    'not_executable': 'The driver is not executable',
    'init_fails': "The driver's init fails",
    'interpreter_missing': "The driver's interpreter is missing",
    'init_slow': "The driver's init is slow",
    'hides_others': 'A broken driver hides others',
    'not_registered': 'The kubelet has not loaded the driver',
    'pods_refused': 'Pods wait for a driver that the kubelet does not know',
    'mount_fails': 'Volumes cannot be mounted',
    'unmount_fails': 'Volumes cannot be unmounted',
    'orphaned': 'Volumes of pods that are gone',
    'abandoned': 'Pods use a driver that is gone',
    'not_believed': 'Others than root could have set the plugin dir',
    'impostor': 'A process pretends to be the kubelet',
    'unsafe': 'Others than root can write it',
    'timer_asleep': 'The touch timer is asleep',
    'timer_fails': 'The touch timer fails',
    'prune_fails': 'Pruning fails',
    'host_path_not_mounted': 'A host path lost its disk',
    'host_path_missing': 'A host path is missing',
    'stray': 'A program where the kubelet does not look',
    'inotify': 'inotify is running out',
}
# What a deploy of the drivers concerned puts right, by the module node: it publishes again, sets owners and modes, starts timers.
CURABLE = ('vanished', 'no_executable', 'not_executable', 'init_fails', 'interpreter_missing', 'unsafe', 'timer_asleep', 'timer_fails', 'abandoned',
           'host_path_missing')

CHECKSUM = (None, re.compile('[0-9a-f]{64}'))
TIME = (None, _shape.is_moment)
TEXT = (None, str)
TROUBLES = [{'trouble': re.compile('[a-z_]+'), 'driver': TEXT, 'what': str, 'where': str, 'advice': str}]
# Of what node_info returns that which is computed with here, and by the page's script.
FACTS: dict = {
    'troubles': TROUBLES, 'cured': TROUBLES, 'not_cured': str,
    'kubelet': (None, {'version': TEXT, 'watches_plugin_dir': bool, 'since': TIME}),
    'plugin_dir': (None, {'path': str}),
    'drivers': [{
        'name': str, 'sha256': CHECKSUM, 'previous_sha256': CHECKSUM, 'mtime': TIME, 'pods': [str], 'touch_timer': (None, {'active': bool}),
        'init': (None, {'defect': TEXT, 'seconds': _shape.is_number}), 'volumes': (None, {'count': _shape.is_number, 'oldest': TIME}),
    }],
}
MISSHAPEN = 'It answered what node_info never says, so nothing of that is believed: see who else is at work on this node.'


def assemble(results: dict, made: str, conformance: dict | None = None) -> dict:
    """Return the fleet: C(results) holds, by node, what the module node_info returned there, or an unreachable or failed result, or None.

    C(made) is the time, ISO 8601 in UTC, C(conformance) what validate found before, by node.
    """
    nodes = [_node(name, result, (conformance or {}).get(name, [])) for name, result in _clean(results).items()]
    nodes.sort(key=lambda node: (STATES.index(node['state']), -len(node['troubles']), natural(node['name'])))
    troubles = _grouped(nodes)
    count = collections.Counter(node['state'] for node in nodes)
    return {
        'format': FORMAT, 'made': made,
        'summary': {'nodes': len(nodes), **{state: count[state] for state in STATES}, 'troubles': len(troubles)},
        'troubles': troubles, 'out_of_reach': _out_of_reach(nodes), 'drivers': _drivers(nodes), 'nodes': nodes,
    }


def verdict(fleet: dict) -> str:
    """Return one sentence on the whole fleet; empty where all is well."""
    summary = fleet['summary']
    words = [f'{summary[TROUBLED]} with troubles'] if summary[TROUBLED] else []
    words += [f'{summary[FAILED]} could not be examined'] if summary[FAILED] else []
    words += [f'{summary[UNREACHABLE]} could not be reached'] if summary[UNREACHABLE] else []
    return f'Of {nodes_of(summary["nodes"])} {", ".join(words)}.' if words else ''


def curable(troubles: list, drivers: list) -> list:
    """Return those entries of the list of drivers that are to be deployed again because of these troubles."""
    sick = {trouble['driver'] for trouble in troubles if trouble['trouble'] in CURABLE}
    return [driver for driver in drivers if driver.get('name') in sick and driver.get('state', 'present') == 'present']


def title(trouble: str) -> str:
    """Return the heading of a kind of trouble."""
    return TITLES.get(trouble, trouble.replace('_', ' '))


def nodes_of(number: int) -> str:
    """Return a number of nodes in words."""
    return f'{number} node' if number == 1 else f'{number} nodes'


def natural(name: str) -> list:
    """Return what sorts node-2 before node-10."""
    return [(0, int(part), '') if part.isdecimal() else (1, 0, part) for part in re.split('([0-9]+)', name) if part]


def ranges(names) -> list:
    """Return names with runs of numbers drawn together: node-1, node-2, node-3 is node-[1-3]."""
    shown: list = []
    run: list = []
    for name in sorted(names, key=natural):
        match = re.fullmatch(r'(.*?)([0-9]+)', name)
        if match and run and run[0][0] == match.group(1) and int(match.group(2)) == int(run[-1][1]) + 1 and len(match.group(2)) == len(run[-1][1]):
            run.append(match.groups())
            continue
        shown += _drawn(run)
        run = [match.groups()] if match else []
        shown += [] if match else [name]
    return shown + _drawn(run)


def _clean(results: dict) -> dict:
    """Return plain data without lone surrogates, which a file name that is no UTF-8 becomes; results of a controller newer than 2.18 carry tags."""
    # What is no number to JSON would make it unreadable to others.
    return json.loads(json.dumps(results, default=str, ensure_ascii=False).encode('utf-8', 'replace'), parse_constant=lambda _constant: None)


def _drawn(run: list) -> list:
    if len(run) < 3:
        return [''.join(parts) for parts in run]
    return [f'{run[0][0]}[{run[0][1]}-{run[-1][1]}]']


def is_sound(result: dict) -> bool:
    """Say whether a node's result is of the shape that node_info gives it, as far as it is there."""
    return all(_shape.fits(result[key], shape) for key, shape in FACTS.items() if key in result)


def _node(name: str, result, conformance: list) -> dict:
    result = result or {'failed': True, 'msg': 'It was not asked.'}
    if not is_sound(result):
        result = {'failed': True, 'msg': MISSHAPEN}
    state = UNREACHABLE if result.get('unreachable') else FAILED if result.get('failed') or 'troubles' not in result else HEALTHY
    seen = result if state == HEALTHY else {}
    troubles = seen.get('troubles', [])
    return {
        'name': name, 'state': TROUBLED if troubles else state,
        'message': '' if seen else _answers.plain(result.get('msg') or 'It gave no reason.'),
        'kubelet': seen.get('kubelet'), 'plugin_dir': seen.get('plugin_dir'), 'drivers': seen.get('drivers', []), 'strays': seen.get('strays', []),
        'inotify': seen.get('inotify'), 'troubles': troubles, 'cured': seen.get('cured', []), 'not_cured': seen.get('not_cured', ''),
        'conformance': conformance,
    }


def _grouped(nodes: list) -> list:
    """Return each trouble once, with its nodes, that of most nodes first; cases of one trouble differ in place or advice."""
    groups: dict = {}
    for node in nodes:
        for trouble in node['troubles']:
            cases = groups.setdefault((trouble['trouble'], trouble['driver']), {})
            case = cases.setdefault((trouble['where'], trouble['advice']), {**trouble, 'nodes': []})
            case['nodes'].append(node['name'])
    found = [
        {'trouble': kind, 'title': title(kind), 'driver': driver, 'explanation': f'{DOCS}/troubles.rst#{kind}',
         'nodes': sorted({name for case in cases.values() for name in case['nodes']}, key=natural),
         'cases': [{key: case[key] for key in ('what', 'where', 'advice', 'nodes')} for case in cases.values()]}
        for (kind, driver), cases in groups.items()]
    return sorted(found, key=lambda group: (-len(group['nodes']), group['trouble'], group['driver'] or ''))


def _out_of_reach(nodes: list) -> list:
    """Return why nodes could not be reached or examined, each reason once. ssh names the node in what it says, which would make every reason another one."""
    reasons: dict = {}
    for node in nodes:
        if node['state'] in (UNREACHABLE, FAILED):
            reasons.setdefault((node['state'], _answers.without_name(node['message'], node['name'], '…')), []).append(node)
    return [{'state': state, 'reason': reason if len(alike) > 1 else alike[0]['message'], 'nodes': [node['name'] for node in alike]}
            for (state, reason), alike in reasons.items()]


def _drivers(nodes: list) -> list:
    """Return each driver with the versions of it that the fleet runs, the current one first."""
    places: dict = {}
    for node in nodes:
        for driver in node['drivers']:
            places.setdefault(driver['name'], []).append((node['name'], driver))
    return sorted((_driver(name, found) for name, found in places.items()), key=lambda driver: (-driver['nodes'], driver['name']))


def _driver(name: str, found: list) -> dict:
    by_version: dict = {}
    for node, driver in found:
        by_version.setdefault(driver.get('sha256'), []).append(node)
    # A node keeps the version before the last replacement, which tells the older from the newer.
    older = {driver.get('previous_sha256') for _node, driver in found if driver.get('previous_sha256') != driver.get('sha256')}
    order = sorted(by_version, key=lambda sha256: (sha256 is None, sha256 in older, -len(by_version[sha256])))
    versions = [
        {'sha256': sha256, 'standing': 'missing' if sha256 is None else 'current' if sha256 == order[0] else 'older' if sha256 in older else 'other',
         'nodes': by_version[sha256]} for sha256 in order]
    return {'name': name, 'nodes': len(found), 'versions': versions, 'pods': sum(len(driver.get('pods', [])) for _node, driver in found)}
