# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import prospects
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet.process import Kubelet, PluginDir
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


@pytest.fixture
def kubelet(tmp_path, monkeypatch):
    """A kubelet that was started long ago and watches nothing, whose files in /proc are there until the test takes them away."""
    proc = tmp_path / 'proc'
    (proc / '7').mkdir(parents=True)
    (proc / 'stat').write_text('btime 1000\n')
    (proc / '7' / 'stat').write_text('7 (kubelet) ' + ' '.join(['0'] * 19) + ' 100\n')
    monkeypatch.setattr(prospects.process, 'plugin_dir', lambda kubelet: PluginDir(str(tmp_path), 'default', 'Because.'))
    return Kubelet(7, 'kubelet', ['kubelet'], {}, '/var/lib/kubelet', None, proc=str(proc))


def test_a_kubelet_that_does_not_watch_is_refused(kubelet, tmp_path):
    with pytest.raises(NodeError, match=r'The kubelet \(pid 7\) does not watch its plugin dir'):
        prospects.refuse_unwatched(str(tmp_path), kubelet)


def test_a_kubelet_that_ended_while_it_was_looked_at_is_no_reason(kubelet, tmp_path):
    """Its start cannot be read any more, and of what it watches nothing is left either."""
    (tmp_path / 'proc' / '7' / 'stat').unlink()
    (tmp_path / 'proc' / '7').rmdir()
    prospects.refuse_unwatched(str(tmp_path), kubelet)
