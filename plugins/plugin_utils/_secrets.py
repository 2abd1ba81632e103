# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping the secrets of a volume's options out of logs: they travel to the node in an argument of their own, which is not logged."""

from __future__ import annotations

from ansible_collections.nodeops.flexvolume.plugins.module_utils._callout import SECRET


def split(options: dict) -> tuple[dict, dict]:
    """Return the options without their secrets, and the secrets."""
    secrets = {key: value for key, value in options.items() if str(key).startswith(SECRET)}
    return {key: value for key, value in options.items() if key not in secrets}, secrets


def from_drivers(arguments: dict) -> dict:
    """Return a module's arguments with the secrets of each driver in C(drivers) moved to C(secrets), by the driver's name.

    What is malformed stays as it is, for the module to refuse.
    """
    drivers = arguments.get('drivers')
    if not isinstance(drivers, list):
        return dict(arguments)
    secrets = dict(arguments.get('secrets') or {})
    plain = []
    for driver in drivers:
        if not isinstance(driver, dict) or not isinstance(driver.get('options'), dict):
            plain.append(driver)
            continue
        options, found = split(driver['options'])
        plain.append(dict(driver, options=options))
        if found:
            secrets[driver.get('name')] = dict(secrets.get(driver.get('name')) or {}, **found)
    return dict(arguments, drivers=plain, secrets=secrets)
