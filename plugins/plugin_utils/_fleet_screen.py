# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as lines for a terminal: what is wrong, what to do about it, then the nodes as a table."""

from __future__ import annotations

import datetime
import textwrap

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import plain

from . import _fleet

COLOURS = {_fleet.HEALTHY: 'green', _fleet.TROUBLED: 'red', _fleet.FAILED: 'red', _fleet.UNREACHABLE: 'yellow'}
# Above this, nodes that are alike share a row.
EACH_ALONE = 20
MOST_NAMES = 12
MOST_CASES = 5
HEADINGS = ('node', 'kubelet', 'plugin dir', 'watched', 'driver', 'version', 'init', 'timer', 'touched', 'pods', 'volumes')
NUMBERS = ('init', 'touched', 'pods')


def lines(fleet: dict, width: int) -> list:
    """Return the lines, each with the colour that it is shown in, or None."""
    width = max(100, min(width, 160))
    shown = [*_summary(fleet), *_what_is_wrong(fleet, width), *_out_of_reach(fleet, width), *_skew(fleet), *_cures(fleet, width),
             *_table(fleet['nodes'], fleet['made'])]
    return [(line.rstrip(), colour) for line, colour in shown]


def age(moment, now: str) -> str:
    """Return how long ago a time of the facts was, briefly; less than nothing where the node's clock is ahead."""
    if not moment:
        return '-'
    seconds = int((_time(now) - _time(moment)).total_seconds())
    for unit, length in (('d', 86400), ('h', 3600), ('min', 60)):
        if abs(seconds) >= 2 * length:
            return f'{int(seconds / length)} {unit}'
    return f'{max(seconds, 0)} s'


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ')


def _summary(fleet: dict) -> list:
    summary = fleet['summary']
    words = {_fleet.HEALTHY: 'healthy', _fleet.TROUBLED: 'with troubles', _fleet.FAILED: 'not examined', _fleet.UNREACHABLE: 'not reached'}
    counts = [f'{summary[state]} {words[state]}' for state in (_fleet.HEALTHY, _fleet.TROUBLED, _fleet.FAILED, _fleet.UNREACHABLE) if summary[state]]
    worst = next((state for state in _fleet.STATES if summary[state]), _fleet.HEALTHY)
    return [('', None), (f'FlexVolume on {_fleet.nodes_of(summary["nodes"])}: {", ".join(counts)}.', COLOURS[worst])]


def _what_is_wrong(fleet: dict, width: int) -> list:
    shown: list = []
    for group in fleet['troubles']:
        about = f' · {plain(group["driver"])}' if group['driver'] else ''
        shown += [('', None), (f'{_fleet.nodes_of(len(group["nodes"]))}: {group["title"]}{about}  ({group["trouble"]})', 'red')]
        for case in group['cases'][:MOST_CASES]:
            shown += _wrapped(_names(case['nodes']), '  ', width, 'bright blue')
            shown += _wrapped(plain(case['what']), '  ', width)
            shown += _wrapped('→ ' + plain(case['advice']), '  ', width, 'bright green')
        if len(group['cases']) > MOST_CASES:
            shown.append((f'  … and {len(group["cases"]) - MOST_CASES} more of this kind in fleet.json and on the page.', None))
    return shown


def _out_of_reach(fleet: dict, width: int) -> list:
    shown: list = []
    words = {_fleet.FAILED: 'could not be examined', _fleet.UNREACHABLE: 'could not be reached'}
    for group in fleet['out_of_reach']:
        shown += [('', None), (f'{_fleet.nodes_of(len(group["nodes"]))} {words[group["state"]]}: {_names(group["nodes"])}', COLOURS[group['state']])]
        shown += _wrapped(plain(group['reason']), '  ', width)
    return shown


def _skew(fleet: dict) -> list:
    shown: list = []
    for driver in fleet['drivers']:
        for version in driver['versions']:
            if version['standing'] in ('older', 'other'):
                run, which = 'runs' if len(version['nodes']) == 1 else 'run', 'an older' if version['standing'] == 'older' else 'another'
                said = f'{_fleet.nodes_of(len(version["nodes"]))} {run} {which} version of {plain(driver["name"])} ({version["sha256"][:8]})'
                shown.append((f'{said}: {_names(version["nodes"])}', 'yellow'))
    return [('', None), *shown] if shown else []


def _cures(fleet: dict, width: int) -> list:
    shown: list = []
    for node in fleet['nodes']:
        for trouble in node['cured']:
            shown += _wrapped(f'{node["name"]}: {_fleet.title(trouble["trouble"])} ({plain(trouble["driver"] or trouble["where"])})', '  ', width, 'green')
        if node['not_cured']:
            shown += _wrapped(f'{node["name"]}: not cured: {plain(node["not_cured"])}', '  ', width, 'yellow')
    return [('', None), ('Cured just now:', 'green'), *shown] if shown else []


def _names(names: list) -> str:
    shown = _fleet.ranges(names)
    return ', '.join(shown[:MOST_NAMES]) + (f' and {len(shown) - MOST_NAMES} more' if len(shown) > MOST_NAMES else '')


def _wrapped(text: str, indent: str, width: int, colour=None) -> list:
    return [(line, colour) for line in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent + '  ', break_on_hyphens=False,
                                                     break_long_words=False)]


def _table(nodes: list, now: str) -> list:
    seen = [node for node in nodes if node['plugin_dir']]
    groups: dict = {}
    for node in seen:
        alone = node['troubles'] or len(seen) <= EACH_ALONE
        groups.setdefault(node['name'] if alone else _likeness(node), []).append(node)
    rows = [row for alike in groups.values() for row in _rows(alike, now)]
    if not rows:
        return []
    widths = [max(len(heading), *(len(row[column]) for row, _colour in rows)) for column, heading in enumerate(HEADINGS)]
    return [('', None), (_row(HEADINGS, widths), 'bright blue'), *((_row(row, widths), colour) for row, colour in rows)]


def _likeness(node: dict) -> tuple:
    return (_version(node), node['plugin_dir']['path'], _watched(node),
            tuple((driver['name'], driver.get('sha256'), bool(driver.get('touch_timer'))) for driver in node['drivers']))


def _rows(alike: list, now: str) -> list:
    """Return the rows of nodes that are alike, one a driver; of what differs the worst, or the sum, is shown."""
    first = alike[0]
    name = first['name'] if len(alike) == 1 else f'{len(alike)} nodes'
    colour = 'red' if first['troubles'] else None
    head = [name, _version(first), _shortened(first['plugin_dir']['path']), _watched(first)]
    if not first['drivers']:
        return [([*head, 'none', *[''] * (len(HEADINGS) - 5)], colour)]
    rows = [_driver([node['drivers'][number] for node in alike], now) for number in range(len(first['drivers']))]
    return [([*(head if not number else [''] * 4), *row], colour) for number, row in enumerate(rows)]


def _driver(drivers: list, now: str) -> list:
    first = drivers[0]
    inits = [driver['init'] for driver in drivers if driver.get('init')]
    timers = [driver.get('touch_timer') for driver in drivers]
    init = 'FAILS' if any(each['defect'] for each in inits) else f'{1000 * max(each["seconds"] for each in inits):.0f} ms' if inits else '-'
    timer = 'none' if not all(timers) else 'active' if all(each['active'] for each in timers) else 'ASLEEP'
    touched = min((driver['mtime'] for driver in drivers if driver.get('mtime')), default=None)
    return [plain(first['name']), (first.get('sha256') or '-')[:8], init, timer, age(touched, now),
            str(sum(len(driver.get('pods', [])) for driver in drivers)), _volumes([driver['volumes'] for driver in drivers if driver.get('volumes')], now)]


def _volumes(found: list, now: str) -> str:
    count = sum(each['count'] for each in found)
    if not count:
        return '0'
    oldest = min((each['oldest'] for each in found if each.get('oldest')), default=None)
    return str(count) + (f', oldest {age(oldest, now)}' if oldest else '')


def _version(node: dict) -> str:
    return plain(node['kubelet']['version'] or 'unknown') if node['kubelet'] else 'none'


def _watched(node: dict) -> str:
    return '-' if not node['kubelet'] else 'yes' if node['kubelet']['watches_plugin_dir'] else 'NO'


def _shortened(path: str) -> str:
    path = plain(path)
    return path if len(path) <= 28 else '…' + path[-27:]


def _row(cells, widths: list) -> str:
    return '  '.join(cell.rjust(width) if heading in NUMBERS else cell.ljust(width) for cell, width, heading in zip(cells, widths, HEADINGS, strict=True))
