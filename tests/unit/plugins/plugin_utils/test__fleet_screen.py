# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet, _fleet_screen
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.plugin_utils import _simulated


def screen(results, width=140):
    return [line for line, _colour in _fleet_screen.lines(_fleet.assemble(results, _simulated.MADE), width)]


def test_healthy_nodes_are_a_sentence_and_a_table():
    lines = screen(_simulated.results(3, ill=False))
    assert lines[1] == 'FlexVolume on 3 nodes: 3 healthy.'
    assert lines[3].split() == ['node', 'kubelet', 'plugin', 'dir', 'watched', 'driver', 'version', 'init', 'timer', 'touched', 'pods', 'volumes']
    assert lines[4].split()[:6] == ['node-1', 'v1.29.3', '…kubelet-plugins/volume/exec', 'yes', 'nodeops/dynhostpath', '59a2953d']
    assert len(lines) == 7


def test_what_is_wrong_comes_first_and_alike_nodes_share_a_row():
    lines = screen(_simulated.results(200))
    assert lines[1] == 'FlexVolume on 200 nodes: 181 healthy, 15 with troubles, 2 not examined, 2 not reached.'
    assert lines[3] == "7 nodes: The driver's init fails · nodeops/dynhostpath  (init_fails)"
    assert lines[4].strip() == 'node-003, node-017, node-044, node-100, node-114, node-141, node-197'
    assert '11 nodes run an older version of nodeops/dynhostpath (7f5bf5b9): ' in '\n'.join(lines)
    assert any(line.startswith('146 nodes  v1.29.3') for line in lines)
    assert len(lines) < 70


@pytest.mark.parametrize('text', ['\x1b[2Jgone', 'line\r\nbreak', 'a\u202egpj.exe', '\x9b31m', 'n\udce9e', '\0'])
def test_a_node_cannot_play_with_the_terminal(text):
    facts = _simulated.healthy()
    facts['drivers'][0].update(name=f'evil/{text}', init={'status': 'Failure', 'seconds': 0.1, 'timed_out': False, 'defect': text})
    facts['kubelet']['version'] = facts['plugin_dir']['path'] = text
    lines = screen({'n1': _simulated.judged(facts), 'n2': {'failed': True, 'msg': text}, 'n3': {'unreachable': True, 'msg': text}})
    assert [line for line in lines if not line.isprintable()] == []


def test_a_kubelet_that_is_not_there_and_a_node_without_drivers():
    facts = _simulated.judged(dict(_simulated.healthy(), kubelet=None, drivers=[]))
    assert screen({'n1': facts})[4].split() == ['n1', 'none', '…kubelet-plugins/volume/exec', '-', 'none']


@pytest.mark.parametrize('seconds, shown', [
    (0, '0 s'), (119, '119 s'), (120, '2 min'), (7200, '2 h'), (86400 * 3, '3 d'), (-5, '0 s'), (-86400 * 365, '-365 d')])
def test_ages(seconds, shown):
    assert _fleet_screen.age(_simulated.before(seconds), _simulated.MADE) == shown
    assert _fleet_screen.age(None, _simulated.MADE) == '-'
