# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say at the end of a rollout what became of the nodes, from what they registered on the way."""

from __future__ import annotations

import re

from ansible.plugins.action import ActionBase

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _answers

OUTCOMES = ('changed', 'unchanged', 'failed', 'unreachable', 'not reached')
# Whoever the rollout did not reach is no news one by one.
MOST_NAMES = 10
UNTRIED = 'No new version was called, as this is check mode: whether its init and its test callout succeed, the first batch of the rollout will show.'
# What Ansible warns of in the same place, of each node anew, and says nothing of the rollout.
OF_ANSIBLE = 'is using the discovered Python interpreter'


class ActionModule(ActionBase):
    """Sum up, on the controller alone."""

    def run(self, tmp=None, task_vars=None):
        """Return the lines as C(msg)."""
        result = super().run(tmp, task_vars)
        hostvars = task_vars['hostvars']
        found = {host: hostvars[host].get('flexvolume_outcome') for host in task_vars['ansible_play_hosts_all']}
        # The playbooks run this on localhost, which need be none of the nodes.
        found = {host: outcome for host, outcome in found.items() if outcome or host != 'localhost'}
        result.update(changed=False, msg=lines(found, self._task.check_mode), _ansible_verbose_always=True)
        return result


def lines(found: dict, checked: bool = False) -> list:
    """Return the summary of what each host registered, None where the rollout did not come to it; C(checked) in check mode."""
    by_outcome: dict = {outcome: [] for outcome in OUTCOMES}
    told: dict = {}
    for host, registered in found.items():
        outcome = outcome_of(registered)
        by_outcome[outcome].append(host)
        sentences = [(outcome, cause_of(registered))] if outcome in ('failed', 'unreachable') else []
        # Ansible shows a warning once and does not say of which node.
        sentences += [('warned', str(warning)) for warning in (registered or {}).get('warnings') or [] if OF_ANSIBLE not in str(warning)]
        for kind, sentence in sentences:
            text = _answers.without_name(sentence, host, 'HOST')
            # One failure on two nodes differs in addresses, pids, sizes and the names of temporary directories.
            told.setdefault((kind, _alike(text)), (sentence, text, []))[2].append(host)
    counts = ', '.join(f'{len(hosts)} {outcome}' for outcome, hosts in by_outcome.items())
    missed = by_outcome['not reached']
    summary = [f'{len(found)} {"node" if len(found) == 1 else "nodes"}: {counts}.']
    summary += [f'{", ".join(hosts)} {kind}: {sentence if len(hosts) == 1 else text}' for (kind, _key), (sentence, text, hosts) in told.items()]
    if missed:
        more = f' and {len(missed) - MOST_NAMES} more' if len(missed) > MOST_NAMES else ''
        summary.append(f'{", ".join(missed[:MOST_NAMES])}{more} not reached: the rollout ended before them, and nothing was changed there.')
    if checked and by_outcome['changed']:
        summary.append(UNTRIED)
    return summary


def _alike(text: str) -> str:
    # Word by word, as a node may say one of a million letters.
    return ' '.join(re.sub('[0-9]+', '', word) for word in text.split() if not re.search('[0-9a-f]{6}', word))


def outcome_of(registered) -> str:
    """Return which of OUTCOMES a registered result is."""
    if not registered:
        return 'not reached'
    named = next((name for name in ('unreachable', 'failed', 'changed') if registered.get(name)), None)
    return named or 'unchanged'


def cause_of(registered: dict) -> str:
    """Return the first sentence of what a host failed with, or all of why it could not be reached, which is one clause after the other."""
    text = _answers.plain(registered.get('msg', ''))
    return text if registered.get('unreachable') else re.split(r'(?<=\.) (?=[A-Z"])', text, maxsplit=1)[0]
