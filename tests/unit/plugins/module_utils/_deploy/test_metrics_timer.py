# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import metrics_timer, program
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError, Outcome
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


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node whose service writes metrics into a directory, with a name as strange as it may be, and has written."""
    units, former = tmp_path / 'units', tmp_path / 'a "50%" $x\\y'
    for directory in (units, former, tmp_path / 'new'):
        directory.mkdir()
    monkeypatch.setattr(metrics_timer.systemd, 'UNIT_DIR', str(units))
    monkeypatch.setattr(metrics_timer.systemd, 'running', lambda: True)
    monkeypatch.setattr(metrics_timer.systemd, 'ensure', lambda *_arguments: Outcome())
    monkeypatch.setattr(metrics_timer.systemd, '_systemctl', lambda *_arguments: 'ActiveState=inactive')
    monkeypatch.setattr(metrics_timer.trust, 'demand', lambda *_arguments: None)
    monkeypatch.setattr(program, 'install', lambda *_arguments: None)
    monkeypatch.setattr(program.records, 'DIRECTORY', str(tmp_path / 'kept'))
    text = metrics_timer.SERVICE.format(command='/python -I -S /program', directory=metrics_timer.timers.escape(str(former)))
    (units / 'flexvolume-metrics.service').write_text(text, encoding='utf-8')
    (former / 'flexvolume.prom').write_text('', encoding='utf-8')
    return former


@pytest.mark.parametrize('check', [True, False])
def test_metrics_that_were_written_elsewhere_go_once_they_are_written_here(node, check):
    outcome = metrics_timer.ensure(str(node.parent / 'new'), '1min', module.writer(), check)
    assert [change['after_header'] for change in outcome.diff] == [str(node / 'flexvolume.prom')]
    assert (node / 'flexvolume.prom').exists()
    outcome.settle()
    assert (node / 'flexvolume.prom').exists() == check


@pytest.mark.parametrize('name, check, stopped', [('new', False, 1), ('new', True, 0), (None, False, 0)])
def test_a_run_that_would_write_elsewhere_once_more_is_ended_and_listed_as_no_failure(node, monkeypatch, name, check, stopped):
    told = []
    monkeypatch.setattr(metrics_timer.systemd, '_systemctl', lambda *arguments: told.append(arguments) or 'ActiveState=failed')
    outcome = metrics_timer.ensure(str(node.parent / name if name else node), '1min', module.writer(), check)
    assert [(arguments[0], arguments[-1]) for arguments in told if arguments[0] != 'show'] == [
        ('stop', 'flexvolume-metrics.service'), ('reset-failed', 'flexvolume-metrics.service')] * stopped
    assert (node / 'flexvolume.prom').exists()
    outcome.settle()


def test_metrics_go_where_they_were_written_whatever_directory_is_named(node):
    metrics_timer.remove(str(node.parent / 'new'), module.writer(), False).settle()
    assert not (node / 'flexvolume.prom').exists()


def test_metrics_that_are_written_here_stay(node):
    outcome = metrics_timer.ensure(str(node), '1min', module.writer(), False)
    outcome.settle()
    assert outcome.diff == [] and (node / 'flexvolume.prom').exists()


def test_the_program_of_the_metrics_has_a_place():
    assert os.path.basename(program.place_of(module.writer())).startswith('metrics-')
