# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of drivers that every module of the collection takes, and what its entries mean."""

from .. import _names, _secrets
from .._outcome import NodeError

HOST_PATH = dict(
    path=dict(type='path', required=True),
    owner=dict(type='str'),
    group=dict(type='str'),
    mode=dict(type='str'),
    selinux_type=dict(type='str'),
    own_mount=dict(type='bool', default=False),
    exec=dict(type='bool', default=False),
    min_free=dict(type='str'),
    min_free_inodes=dict(type='int'),
)

DRIVER = dict(
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
STATE = dict(type='str', choices=['present', 'absent'], default='present')


def read(parameters: dict) -> list:
    """Return the drivers that a module's parameters declare, each a dict whose C(name) is a DriverName.

    C(state=absent) of the whole module stands for that of each driver. A driver named twice or by a wrong name raises NodeError.
    """
    drivers = [dict(entry, name=_names.DriverName.parse(entry['name'])) for entry in parameters['drivers']]
    if parameters.get('state') == 'absent':
        drivers = [dict(driver, state='absent') for driver in drivers]
    for driver in drivers:
        _secrets.refuse_open(driver['options'])
    names = [str(driver['name']).lower() for driver in drivers]
    for name in names:
        if names.count(name) > 1:
            raise NodeError(f'The driver {name} stands in the list twice: merge its entries into one.')
    return drivers
