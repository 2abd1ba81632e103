# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import config


@pytest.mark.parametrize('text', [
    'kind: KubeletConfiguration\nvolumePluginDir: /x y # ours\nz: 1\n',
    'volumePluginDir:    "/x y"   # ours\n',
    "'volumePluginDir': '/x y'\n",
    'volumePluginDir:\n  /x y\nother: 1\n',
    'volumePluginDir: >-\n  /x\n  y\n',
    '{"kind": "KubeletConfiguration", "volumePluginDir": "/x y"}',
    'authentication:\n  volumePluginDir: /nested\nvolumePluginDir: /x y\r\n',
])
def test_a_top_level_string_however_it_is_written(text):
    assert config.values(text, 'volumePluginDir') == ['/x y']


@pytest.mark.parametrize('text', [
    '', '# volumePluginDir: /x\n', 'a:\n  volumePluginDir: /x\n', 'xvolumePluginDir: /x\n', '[]', '{"a": {"volumePluginDir": "/x"}}',
])
def test_a_key_that_is_not_there(text):
    assert config.values(text, 'volumePluginDir') == []


@pytest.mark.parametrize('text', [
    'kubelet-arg:\n- a=1\n- "b=2,c"\n\n# more\n- \'d\'\nnext: 1\n',
    'kubelet-arg:\n    - a=1   # one\n    - b=2,c\n    - d\n',
    'kubelet-arg: [a=1, "b=2,c", d]\n',
    'kubelet-arg: [a=1,\n  "b=2,c",\n  d]\nnext: 1\n',
    '{"kubelet-arg": ["a=1", "b=2,c", "d"]}',
])
def test_a_top_level_list_however_it_is_written(text):
    assert config.values(text, 'kubelet-arg') == ['a=1', 'b=2,c', 'd']
