# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of the house in CONTRIBUTING.md: who may import whom."""

import ast
import pathlib

import pytest

HOUSE = pathlib.Path(__file__).parents[4] / 'plugins' / 'module_utils'
# From the ground up; a room uses its own floor and those before it.
FLOORS = ('', '_system', '_kubelet', '_conformance', '_deploy', '_diagnosis', '_bundle')
WIRING = '_wiring.py'
ROOMS = sorted(str(path.relative_to(HOUSE)) for path in HOUSE.rglob('*.py') if path.name != '__init__.py')


def imports_of(room):
    """Return (floor, module) of what a room imports; the floor is None for what is not of this house."""
    floor = str(pathlib.PurePath(room).parent).replace('.', '')
    for node in ast.walk(ast.parse((HOUSE / room).read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield None, name.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield None, node.module
        elif isinstance(node, ast.ImportFrom):
            for top in [node.module.split('.')[0]] if node.module else [name.name for name in node.names]:
                yield (floor if node.level == 1 and floor else top if top in FLOORS else ''), top


@pytest.mark.parametrize('room', ROOMS)
def test_a_room_imports_from_its_own_floor_or_a_lower_one(room):
    floor = str(pathlib.PurePath(room).parent).replace('.', '')
    assert floor in FLOORS
    if room != WIRING:
        above = [(other, module) for other, module in imports_of(room) if other is not None and FLOORS.index(other) > FLOORS.index(floor)]
        assert above == []


@pytest.mark.parametrize('room', ROOMS)
def test_no_room_knows_ansible_or_the_wiring(room):
    assert [module for _floor, module in imports_of(room) if module == '_wiring' or (module.startswith('ansible') and room != WIRING)] == []


def test_the_house_is_read_at_all():
    assert {str(pathlib.PurePath(room).parent).replace('.', '') for room in ROOMS} == set(FLOORS)
    assert ('_system', '_system') in imports_of('_deploy/publish.py')
