# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout
short_description: What a rollout over the nodes needs to know before any node is chosen
version_added: 1.0.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Ansible reads C(hosts) and C(serial) of a play before any host's variables, so what an inventory says of them is lost. This lookup finds it
    there all the same, once a play before has let Ansible read the inventory.
  - The playbooks of this collection use it. It refuses an inventory without hosts, a pattern that matches none, batches and numbers that
    are none, and a rollout of drivers that are to go, and warns of variables that begin with C(flexvolume_) and that nothing reads.
options:
  _terms:
    description:
      - V(hosts) for the pattern of the nodes, V(batches) for the sizes of the batches.
    type: list
    elements: str
    choices: [hosts, batches]
    required: true
  given:
    description:
      - What was given as extra variable or as variable of the play, which wins over the inventory.
    type: raw
  back:
    description:
      - Whether this rollout takes drivers back, as the playbook C(rollback) does. One that does not refuses a C(flexvolume_rollback).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Let Ansible read the inventory
  hosts: all
  gather_facts: false

- name: Go from batch to batch
  hosts: >-
    {{ query('nodeops.flexvolume.rollout', 'hosts', given=flexvolume_hosts | default(none)) }}
  serial: >-
    {{ query('nodeops.flexvolume.rollout', 'batches', given=flexvolume_batches | default(none)) }}
  gather_facts: false
  tasks: []
"""

RETURN = r"""
_raw:
  description: The pattern, or the sizes as C(serial) takes them.
  type: list
  elements: str
"""

import itertools
import re

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _variables

CANARY_FIRST = ['1', '100%']
LOCALHOST = ('localhost', '127.0.0.1', '::1')


class LookupModule(LookupBase):
    """Find what is set for the whole rollout, wherever it is set."""

    def run(self, terms, variables=None, **kwargs):
        """Return the pattern or the sizes; AnsibleLookupError says what is wrong with them."""
        self.set_options(var_options=variables, direct=kwargs)
        given = self.get_option('given')
        hosts = variables['groups']['all']
        # Without hostvars nothing runs: this is --syntax-check or a list of what would. Each look at them puts a host's variables together anew.
        hostvars = {host: variables['hostvars'][host] for host in hosts} if 'hostvars' in variables else {}
        for said in filter(None, itertools.starmap(_variables.set_by_node, hostvars.items())):
            raise AnsibleLookupError(said)
        if terms == ['batches']:
            _refuse_unfit(hostvars, self.get_option('back'))
            chosen = _chosen('flexvolume_batches', given, hostvars)
            return batches(CANARY_FIRST if chosen in (None, '', []) else chosen)
        pattern = _chosen('flexvolume_hosts', given, hostvars) or 'all'
        patterns = [str(part) for part in (pattern if isinstance(pattern, list) else [pattern])]
        if not any(context.CLIARGS.get(listing) for listing in ('syntax', 'listhosts', 'listtasks', 'listtags')):
            self._refuse_nobody(patterns, hosts, variables)
        # Those of the play are the extra ones, which are all that there is before an inventory was read.
        for sentence in _variables.unknown(itertools.chain(variables, *hostvars.values())):
            Display().warning(sentence)
        return patterns

    def _refuse_nobody(self, patterns: list, hosts: list, variables: dict):
        limit = context.CLIARGS.get('subset')
        if set(patterns) & set(LOCALHOST):
            # Of a localhost that stands in no inventory, a limit leaves nothing unless it names it so.
            if limit and '@' not in limit and set(patterns) <= set(LOCALHOST) - set(hosts) - set(re.split('[,:;]', limit)):
                raise AnsibleLookupError(f'The limit {limit} leaves out {",".join(patterns)}, so nothing would be done: name it there too, or leave the limit '
                                         'out.')
            return
        if not hosts:
            raise AnsibleLookupError('The inventory has no hosts, so nothing would be done: name one with -i, and see that its file is there and not empty.')
        matching = lookup_loader.get('ansible.builtin.inventory_hostnames', loader=self._loader, templar=self._templar)
        matched = matching.run([','.join(patterns)], variables=variables)
        if not matched:
            raise AnsibleLookupError(f'flexvolume_hosts is {",".join(patterns)}, which matches none of the {len(hosts)} hosts of the inventory, so nothing '
                                     'would be done: correct it, or the inventory.')
        # These are the hosts of the inventory, as nobody knows yet those of the play; but a limit holds for them.
        if limit and not set(matched) & set(variables.get('ansible_play_hosts_all') or matched):
            raise AnsibleLookupError(f'flexvolume_hosts is {",".join(patterns)}, of which the limit {limit} leaves none, so nothing would '
                                     'be done: correct either.')


def _refuse_unfit(hostvars: dict, back: bool):
    """Refuse what else is set for a rollout and would be passed over, or taken for nothing."""
    for host, variables in hostvars.items():
        if variables.get('flexvolume_state') == 'absent':
            raise AnsibleLookupError(f'flexvolume_state is absent for {host}, but a rollout puts drivers on nodes: run nodeops.flexvolume.remove to withdraw '
                                     'those of the list, or leave flexvolume_state out.')
        if variables.get('flexvolume_rollback') and not back:
            raise AnsibleLookupError(f'flexvolume_rollback is {variables["flexvolume_rollback"]} for {host}, but a deploy goes forward: run '
                                     'nodeops.flexvolume.rollback to go back, or leave flexvolume_rollback out.')
        most = variables.get('flexvolume_max_unreachable')
        if most not in (None, '') and not re.fullmatch('[0-9]+', str(most)):
            raise AnsibleLookupError(f'flexvolume_max_unreachable is {most}, but it is a number of nodes: write for example 3.')


def batches(given) -> list:
    """Return the sizes of batches, given as a list, a number, JSON or words between commas, as Ansible's C(serial) takes them."""
    words = given if isinstance(given, list) else re.sub(r'''[][\s"']''', '', str(given)).split(',')
    sizes = [str(word).strip() for word in words]
    if all(re.fullmatch('[1-9][0-9]*%?', size) for size in sizes) and sizes:
        return sizes
    raise AnsibleLookupError(f'flexvolume_batches is {given}, but a batch is a number of nodes or a percentage of them: write for example 1,10,100%.')


def _chosen(name: str, given, hostvars: dict):
    """Return what was given, else the one value that the inventory has for the variable, else nothing."""
    if given is not None:
        return given
    values: dict = {}
    for host, variables in hostvars.items():
        value = variables.get(name)
        if value is not None:
            values.setdefault(str(value), (value, host))
    if len(values) > 1:
        said = ' and '.join(f'{value} for {host}' for value, host in list(values.values())[:2])
        raise AnsibleLookupError(f'{name} is {said}, but it holds for the whole rollout: set it for all hosts, or give it with -e.')
    return next(iter(values.values()), (None,))[0]
