# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of drivers that every module of the collection takes, and what its entries mean."""

from .. import _names, _secrets
from .._conformance.report import CATALOGUE
from .._outcome import NodeError
from . import timers

HOST_PATH = dict(
    path=dict(type='path', required=True),
    owner=dict(type='str'),
    group=dict(type='str'),
    # Of a number, which YAML makes of one without quotes, nobody can say what was written.
    mode=dict(type='raw'),
    selinux_type=dict(type='str'),
    own_mount=dict(type='bool', default=False),
    exec=dict(type='bool', default=False),
    min_free=dict(type='str'),
    min_free_inodes=dict(type='int'),
)

DRIVER: dict = dict(
    name=dict(type='str', required=True),
    state=dict(type='str', choices=['present', 'absent', 'previous'], default='present'),
    src=dict(type='str'),
    remote_src=dict(type='bool', default=False),
    packages=dict(type='list', elements='str', default=[]),
    requires=dict(type='list', elements='str', default=[]),
    config=dict(type='dict'),
    host_paths=dict(type='list', elements='dict', default=[], options=HOST_PATH),
    touch_interval=dict(type='str', default='15s'),
    prune_interval=dict(type='str'),
    options=dict(type='dict', default={}),
    secrets=dict(type='dict', default={}, no_log=True),
    waive=dict(type='dict', default={}),
)

DRIVERS = dict(type='list', elements='dict', required=True, options=DRIVER)
PAYLOAD = dict(
    name=dict(type='str', required=True),
    sha256=dict(type='str'),
    content=dict(type='str', no_log=True),
    path=dict(type='path'),
)

PAYLOADS = dict(type='list', elements='dict', default=[], options=PAYLOAD)
PLUGIN_DIR = dict(type='path')
# What a node is to be besides, as the module node takes it and a bundle holds it.
NODE = dict(
    plugin_dir=PLUGIN_DIR,
    kubelet_unit=dict(type='str'),
    touch_timer=dict(type='bool', default=True),
    validate=dict(type='bool', default=True),
    require_kubelet=dict(type='bool', default=False),
    purge=dict(type='bool', default=False),
    heal_neighbours=dict(type='bool'),
    strict_neighbours=dict(type='bool', default=False),
    apply_interval=dict(type='str'),
)
ROLLBACK = dict(type='list', elements='str')
STATE = dict(type='str', choices=['present', 'absent'], default='present')


def of_node(parameters: dict) -> dict:
    """Return the parameters in NODE as C(node.ensure) takes them."""
    options = {name: parameters[name] for name in NODE}
    options['with_touch_timer'] = options.pop('touch_timer')
    return options


def read(parameters: dict) -> list:
    """Return the drivers that a module's parameters declare, each a dict whose C(name) is a DriverName.

    C(state=absent) of the whole module stands for that of each driver; with C(rollback) the drivers that it names go back, and are all that is
    returned. NodeError says what is wrong with them wherever they may go.
    """
    drivers = [dict(entry, name=_names.DriverName.parse(entry['name'])) for entry in parameters['drivers']]
    if parameters.get('state') == 'absent':
        drivers = [dict(driver, state='absent') for driver in drivers]
    if parameters.get('apply_interval') is not None:
        timers.refuse_interval('apply_interval', parameters['apply_interval'])
    for driver in drivers:
        _secrets.refuse_open(driver['options'])
        _refuse_waivers(driver)
        _refuse_intervals(driver)
        _refuse_numbers(driver)
    names = [str(driver['name']).lower() for driver in drivers]
    for name in names:
        if names.count(name) > 1:
            raise NodeError(f'The driver {name} stands in the list twice: merge its entries into one.')
    return drivers if parameters.get('rollback') is None else _going_back(drivers, parameters['rollback'])


def absent(name) -> dict:
    """Return what the list would hold of a driver that it no longer names."""
    return dict({key: option.get('default') for key, option in DRIVER.items()}, name=name, state='absent')


def _going_back(drivers: list, names: list) -> list:
    chosen = [name.strip() for name in names if name.strip()]
    known = [str(driver['name']) for driver in drivers if driver['state'] != 'absent']
    stray = [name for name in chosen if name not in known]
    if stray or not chosen:
        named = f'names {", ".join(stray)}, which is not in the list' if stray else 'names no driver'
        raise NodeError(f'The rollback {named}: name those that go back to the version before, out of {", ".join(known) or "an empty list"}, '
                        'to the playbook as flexvolume_rollback.')
    return [dict(driver, state='previous') for driver in drivers if str(driver['name']) in chosen]


def _refuse_intervals(driver: dict):
    for option in ('touch_interval', 'prune_interval'):
        if driver['state'] != 'absent' and driver[option] is not None:
            timers.refuse_interval(option, driver[option], f' of the driver {driver["name"]}')


def _refuse_numbers(driver: dict):
    for entry in driver['host_paths']:
        if not isinstance(entry['mode'], (str, type(None))):
            raise NodeError(f'The mode {entry["mode"]!r} of the host path {entry["path"]} is no text, as one is without quotes: write it as four digits in '
                            'quotes, for example "0755".')


def _refuse_waivers(driver: dict):
    for number, reason in driver['waive'].items():
        where = f'The waive of the driver {driver["name"]}'
        if not (str(number).isdecimal() and int(number) in CATALOGUE):
            raise NodeError(f'{where} names {number}, which is no check: use the number that the table shows before a check, as in "404".')
        if not (isinstance(reason, str) and reason.strip()):
            raise NodeError(f'{where} gives no reason for {number}: write one as a text, which is shown wherever the check is.')
