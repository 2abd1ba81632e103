# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _secrets
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


class Module:
    def __init__(self):
        self.no_log_values = {'hunter2'}


def test_secrets_reach_the_driver_as_the_kubelet_passes_them():
    assert _secrets.with_secrets({'share': 'data'}, {'password': 'hunter2'}) == {'share': 'data', 'kubernetes.io/secret/password': 'aHVudGVyMg=='}


def test_a_secret_among_the_options_is_refused_without_its_value():
    with pytest.raises(NodeError, match='put password and its value, not encoded, into secrets') as refusal:
        _secrets.with_secrets({'kubernetes.io/secret/password': 'aHVudGVyMg=='}, {})
    assert 'aHVudGVyMg' not in str(refusal.value)


def test_secrets_are_hidden_in_base64_too():
    module = Module()
    _secrets.hide(module, {'password': 'hunter2'})
    assert module.no_log_values == {'hunter2', 'aHVudGVyMg=='}
