# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle: the list, the drivers and the rooms of module_utils that make a node agree with them, as one file that needs nothing but Python."""

from __future__ import annotations

import json

from ansible_collections.nodeops.flexvolume.plugins.module_utils._bundle import contents
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _zipapp


def literal(spec: dict) -> dict:
    """Return the argument spec with paths as plain text: a "~" or "$" in them is the node's, not the controller's."""
    return {name: dict(
        option, **({'type': 'str'} if option['type'] == 'path' else {}), **({'options': literal(option['options'])} if 'options' in option else {}),
    ) for name, option in spec.items()}


# What of the arguments of the module node says what a node is to be, and so belongs into the bundle.
PARAMETERS = literal(dict(drivers.NODE, drivers=drivers.DRIVERS))


def build(parameters: dict, executables: dict) -> bytes:
    """Return the bundle of these PARAMETERS and of the executables, driver's name: content."""
    listed = [dict(driver, name=str(driver['name']), bundled=str(driver['name']) in executables) for driver in parameters['drivers']]
    plain = dict({name: parameters[name] for name in PARAMETERS}, drivers=listed)
    data = {contents.PARAMETERS: (json.dumps(plain, sort_keys=True, indent=1, default=str) + '\n').encode()}
    data.update({contents.executable_of(name): content for name, content in executables.items()})
    return _zipapp.build('_bundle.command_line:main', data)


def holds_secrets(parameters: dict) -> bool:
    """Say whether the list has what only root may read on a node: secrets, or a driver's own settings."""
    return any(driver['secrets'] or driver['config'] for driver in parameters['drivers'])
