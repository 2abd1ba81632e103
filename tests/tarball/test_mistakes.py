# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user forgets or writes otherwise, as the playbooks take it."""

import json

import pytest


@pytest.mark.parametrize('playbook, variables, sentence', [
    ('validate', [], 'There is no list of drivers: give it'),
    ('validate', ['flexvolume_drivers=[{"name":"acme/gone"}]'], 'acme/gone fails 1 of'),
    ('metrics', [], 'There is no directory for the metrics: name'),
    ('doctor', ['flexvolume_doctor_fix=true'], 'There is no list of drivers: give it'),
    ('bundle', ['flexvolume_drivers=[]'], 'There is no directory to write to: name'),
    ('bundle', ['flexvolume_bundle=x', 'flexvolume_hosts=nobody'], 'flexvolume_hosts is nobody, which matches none of the 1 hosts of the inventory'),
])
def test_a_mistake_is_told_in_a_sentence(user, playbook, variables, sentence):
    given = [word for variable in variables for word in ('-e', variable)]
    said = user.play(f'nodeops.flexvolume.{playbook}', *given, succeeds=False)
    assert sentence in said and 'is undefined' not in said and 'has no attribute' not in said


def test_a_bundle_is_made_of_a_driver_that_lies_beside_the_inventory(user, inventory):
    (inventory.parent / 'mine').write_text('#!/bin/sh\n', encoding='utf-8')
    user.play('nodeops.flexvolume.bundle', '-e', json.dumps({'flexvolume_drivers': [{'name': 'acme/mine', 'src': 'mine'}], 'flexvolume_bundle': 'out'}))
    assert (user.directory / 'out' / 'flexvolume-node.pyz').exists()
