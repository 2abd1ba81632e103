# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks and roles, so that a misspelt one can be named."""

from __future__ import annotations

import difflib

PREFIX = 'flexvolume_'
SAID = ('The node {} sets {} as facts of its own, which to Ansible go before the inventory: they could have the controller read and send any file. See who '
        'else is at work on that node; what set_fact is to set, let it set without cacheable, and clear the cache of facts.')
KNOWN = (
    'flexvolume_apply_interval',
    'flexvolume_at_boot',
    'flexvolume_batches',
    'flexvolume_bundle',
    'flexvolume_cloud_init',
    'flexvolume_daemonset',
    'flexvolume_delete_data',
    'flexvolume_doctor_fix',
    'flexvolume_drivers',
    'flexvolume_force',
    'flexvolume_heal_neighbours',
    'flexvolume_hosts',
    'flexvolume_junit_dir',
    'flexvolume_kubelet_unit',
    'flexvolume_max_unreachable',
    'flexvolume_metrics_dir',
    'flexvolume_outcome',
    'flexvolume_plugin_dir',
    'flexvolume_purge',
    'flexvolume_report_dir',
    'flexvolume_require_kubelet',
    'flexvolume_rollback',
    'flexvolume_state',
    'flexvolume_strict',
    'flexvolume_strict_neighbours',
    'flexvolume_suite',
    'flexvolume_touch_timer',
    'flexvolume_validate',
)


def unknown(names) -> list:
    """Return a sentence for each name that looks like one of the collection's variables and is none."""
    return [_sentence(name) for name in sorted(set(names)) if name.startswith(PREFIX) and name not in KNOWN]


def set_by_node(host: str, variables) -> str:
    """Return a sentence on those of the collection's variables that a host's facts hold, where the node alone puts them; empty where there are none."""
    names = sorted(name for name in variables.get('ansible_facts') or {} if name.startswith(PREFIX))
    return SAID.format(host, ' and '.join(names)) if names else ''


def _sentence(name: str) -> str:
    close = difflib.get_close_matches(name[len(PREFIX):], [known[len(PREFIX):] for known in KNOWN], 1)
    return f'Nothing in nodeops.flexvolume reads the variable {name}' + (f': did you mean {PREFIX}{close[0]}?' if close else '.')
