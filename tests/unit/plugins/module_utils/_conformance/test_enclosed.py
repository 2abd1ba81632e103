# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several runs on one node have in common: where each records that it is not over yet."""

import fcntl
import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import enclosed, leftovers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import Report

TOKEN, OTHER = '0123456789ab', 'ba9876543210'


@pytest.fixture(name='records', autouse=True)
def _records(monkeypatch, tmp_path):
    monkeypatch.setattr(enclosed, 'RECORDS', str(tmp_path / 'records'))
    return tmp_path / 'records'


def test_a_record_that_another_run_finds_before_it_is_locked_is_made_anew(monkeypatch, records):
    real, met = fcntl.flock, []

    def flock(descriptor, how):
        if how == fcntl.LOCK_EX and not met:
            met.append(descriptor)
            enclosed.clear_up()
        real(descriptor, how)
    monkeypatch.setattr(fcntl, 'flock', flock)
    with enclosed.Record(TOKEN):
        assert met and os.listdir(str(records)) == [TOKEN]
        enclosed.clear_up()
        assert os.listdir(str(records)) == [TOKEN]
    assert not records.exists()


def test_units_of_another_run_are_not_this_driver_s(monkeypatch, tmp_path):
    monkeypatch.setattr(leftovers, 'UNITS', str(tmp_path / 'units'))
    (tmp_path / 'units').mkdir()
    before = leftovers.units()
    (tmp_path / 'units' / 'run-r1.service').write_text(f'ExecStart=/driver /pods/{OTHER}')
    (tmp_path / 'units' / f'conformance-{OTHER}-1.service').write_text('')
    with enclosed.Record(OTHER):
        report = Report('full')
        leftovers.judge_units(before, TOKEN, report)
        assert not report.has_failed(805)
    leftovers.judge_units(before, TOKEN, report)
    assert report.has_failed(805)
