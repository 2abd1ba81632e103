# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _variables

COLLECTION = pathlib.Path(__file__).parents[4]


def test_the_variables_are_those_of_the_playbooks_and_roles_and_in_the_guide():
    used = set()
    for path in [*COLLECTION.glob('playbooks/*.yml'), *COLLECTION.glob('roles/*/tasks/*.yml')]:
        used.update(re.findall(r'\bflexvolume_\w+', re.sub('#.*', '', path.read_text(encoding='utf-8'))))
    assert sorted(used) == list(_variables.KNOWN)
    guide = (COLLECTION / 'docs/docsite/rst/variables.rst').read_text(encoding='utf-8')
    assert [name for name in _variables.KNOWN if f'``{name}``' not in guide and name != 'flexvolume_outcome'] == []


def test_the_survey_in_the_guide_asks_for_variables_that_there_are():
    guide = (COLLECTION / 'docs/docsite/rst/running.rst').read_text(encoding='utf-8')
    asked = re.findall(r'- variable: (\w+)', guide)
    assert asked and set(asked) <= set(_variables.KNOWN)


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant():
    assert _variables.unknown(['flexvolume_plugindir', 'flexvolume_drivers', 'ansible_host', 'flexvolume_plugindir']) == [
        'Nothing in nodeops.flexvolume reads the variable flexvolume_plugindir: did you mean flexvolume_plugin_dir?']


def test_a_variable_that_is_like_none_is_named_alone():
    assert _variables.unknown(['flexvolume_xyzzy']) == ['Nothing in nodeops.flexvolume reads the variable flexvolume_xyzzy.']
