# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import metrics_timer
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


@pytest.mark.parametrize('directory, complaint', [
    ('', 'There is no directory for the metrics: name .*flexvolume_metrics_dir'), ('metrics', "'metrics' is no absolute path"),
    ('/a\nb', 'is no absolute path'),
])
def test_without_a_good_directory_nothing_is_written_or_removed(directory, complaint):
    with pytest.raises(NodeError, match=complaint):
        metrics_timer.ensure(directory, '1min', None, True)
    with pytest.raises(NodeError, match=complaint):
        metrics_timer.remove(directory, None, True)
