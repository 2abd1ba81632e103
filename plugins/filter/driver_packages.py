# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: driver_packages
short_description: The packages that a list of FlexVolume drivers needs on a node
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Collects C(packages) of all drivers in the list that are not withdrawn.
options:
  _input:
    description: The list of drivers, as every module of this collection takes it.
    type: list
    elements: dict
    required: true
'''

EXAMPLES = r'''
- name: Install what the drivers need
  ansible.builtin.package:
    name: "{{ flexvolume_drivers | nodeops.flexvolume.driver_packages }}"
'''

RETURN = r'''
_value:
  description: The packages, each once, sorted.
  type: list
  elements: str
'''


def driver_packages(drivers: list) -> list:
    staying = [driver for driver in drivers if driver.get('state') != 'absent']
    return sorted({package for driver in staying for package in _list(driver.get('packages'))})


def _list(packages) -> list:
    """Read a list as a module's argument is read: one name stands for a list of one, or of several with commas between."""
    return [name.strip() for name in packages.split(',') if name.strip()] if isinstance(packages, str) else packages or []


class FilterModule:
    def filters(self):
        return {'driver_packages': driver_packages}
