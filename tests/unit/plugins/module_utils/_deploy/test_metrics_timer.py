# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import metrics_timer, program
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.modules import metrics_timer as module


@pytest.mark.parametrize('directory, complaint', [
    ('', 'There is no directory for the metrics: name .*flexvolume_metrics_dir'), ('metrics', "'metrics' is no absolute path"),
    ('/a\nb', 'is no absolute path'),
])
def test_without_a_good_directory_nothing_is_written_or_removed(directory, complaint):
    with pytest.raises(NodeError, match=complaint):
        metrics_timer.ensure(directory, '1min', None, True)
    with pytest.raises(NodeError, match=complaint):
        metrics_timer.remove(directory, None, True)


def test_the_program_of_the_metrics_has_a_place():
    assert os.path.basename(program.place_of(module.writer())).startswith('metrics-')
