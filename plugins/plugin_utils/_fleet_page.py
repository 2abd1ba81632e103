# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as one HTML page that needs nothing from anywhere else.

What a node says reaches the page in two ways only: through Jinja2, which escapes it, and as JSON in a script element of a type that no browser runs,
from where the page's script makes text nodes of it. A content security policy lets no other script run, should both fail.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib

import jinja2

from . import _fleet, _fleet_screen

TEMPLATES = pathlib.Path(__file__).with_name('fleet_page')
STATES = {
    _fleet.HEALTHY: 'Healthy', _fleet.TROUBLED: 'Trouble', _fleet.FAILED: 'Not examined', _fleet.UNREACHABLE: 'Not reached',
}
# More drivers than this are counted in a node's row, and listed in its details.
MOST_DRIVERS = 2
MOST_CHIPS = 16


def render(fleet: dict) -> str:
    """Return the page."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                                     loader=jinja2.FileSystemLoader(TEMPLATES))
    script = (TEMPLATES / 'page.js').read_text(encoding='utf-8')
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template('page.html.j2').render(
        fleet=fleet, rows=_rows(fleet), states=STATES, headline=_headline(fleet['summary']), most_chips=MOST_CHIPS, digest=digest,
        nodes_of=_fleet.nodes_of, data=_as_data(fleet), script=jinja2_safe(script), style=jinja2_safe((TEMPLATES / 'page.css').read_text(encoding='utf-8')))


def jinja2_safe(text: str):
    """Mark our own text, and what was escaped by other means, as HTML."""
    return jinja2.utils.markupsafe.Markup(text)


def _as_data(fleet: dict):
    """Return the nodes as JSON that ends no script element, whatever stands in it."""
    text = json.dumps({'made': fleet['made'], 'standing': _standing(fleet), 'nodes': fleet['nodes']}, separators=(',', ':'))
    for character in '<>&':
        text = text.replace(character, f'\\u{ord(character):04x}')
    return jinja2_safe(text)


def _standing(fleet: dict) -> dict:
    return {driver['name']: {version['sha256']: version['standing'] for version in driver['versions'] if version['sha256']}
            for driver in fleet['drivers']}


def _headline(summary: dict) -> str:
    """Return the page's one sentence."""
    troubled, out = summary[_fleet.TROUBLED], summary[_fleet.FAILED] + summary[_fleet.UNREACHABLE]
    if not troubled and not out:
        return 'The node is healthy.' if summary['nodes'] == 1 else f'All {summary["nodes"]} nodes are healthy.'
    have = 'has' if troubled == 1 else 'have'
    words = [f'{troubled} of {_fleet.nodes_of(summary["nodes"])} {have} troubles'] if troubled else []
    words += [f'{out if troubled else f"{out} of " + _fleet.nodes_of(summary["nodes"])} could not be examined'] if out else []
    return ', '.join(words) + '.'


def _rows(fleet: dict) -> list:
    """Return what the table of nodes shows of each, with what its columns are sorted by."""
    standing, made = _standing(fleet), fleet['made']
    ranks = {name: rank for rank, name in enumerate(sorted((node['name'] for node in fleet['nodes']), key=_fleet.natural))}
    return [_row(node, ranks, standing, made) for node in fleet['nodes']]


def _row(node: dict, ranks: dict, standing: dict, made: str) -> dict:
    drivers, kubelet = node['drivers'], node['kubelet']
    touched = min((driver['mtime'] for driver in drivers if driver.get('mtime')), default='')
    volumes = [driver['volumes'] for driver in drivers if driver.get('volumes')]
    sick = {trouble['driver'] for trouble in node['troubles'] if trouble['driver']}
    return {
        'name': node['name'], 'rank': ranks[node['name']], 'state': node['state'], 'severity': _fleet.STATES.index(node['state']),
        'troubles': [_fleet.title(trouble['trouble']) for trouble in node['troubles']],
        'kubelet': (kubelet['version'] or 'unknown') if kubelet else '', 'plugin_dir': node['plugin_dir']['path'] if node['plugin_dir'] else '',
        'watched': '' if not kubelet else 'yes' if kubelet['watches_plugin_dir'] else 'no',
        'drivers': [
            {'name': driver['name'], 'version': (driver.get('sha256') or '')[:8], 'sick': driver['name'] in sick,
             'standing': standing.get(driver['name'], {}).get(driver.get('sha256'), '')} for driver in drivers],
        'brief': len(drivers) > MOST_DRIVERS, 'sick': len(sick & {driver['name'] for driver in drivers}),
        'touched': touched, 'touched_ago': _fleet_screen.age(touched, made) if touched else '',
        'pods': sum(len(driver.get('pods', [])) for driver in drivers), 'volumes': sum(each['count'] for each in volumes),
    }
