# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from unittest import mock

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import journal

AT = '{:.6f} node kubelet[93]: {}'
OWN = 'I1125 14:46:56.913683      93 plugins.go:635] Loaded volume plugin "kubernetes.io/csi"'
OLD = 'I1125 14:47:47.202358      93 plugins.go:651] Loaded volume plugin "acme/nfs"'
NEW = 'I1125 14:47:47.202358      93 plugins.go:662] "Loaded volume plugin" pluginName="acme/nfs"'
OLD_ERROR = ('E1125 14:47:29.924743      93 plugins.go:738] Error dynamically probing plugins: Error creating Flexvolume plugin from directory '
             'example.com~broken, skipping. Error: unexpected end of JSON input')
NEW_ERROR = ('E1125 14:47:29.924743      93 plugins.go:694] "Error dynamically probing plugins" err="[error creating Flexvolume plugin from directory '
             'a~one, skipping. Error: x, error creating Flexvolume plugin from directory b~two, skipping. Error: y]"')


def said(*entries):
    return journal.parse([AT.format(moment, line) for moment, line in entries])


@pytest.mark.parametrize('line', [OLD, NEW, '??? ' + NEW])
def test_what_was_loaded_last(line):
    assert said((10, OWN), (12, line), (30, line), (20, line)).loaded == {'acme~nfs': 30}


def test_of_an_endless_log_no_more_is_read_than_is_of_use(tmp_path, monkeypatch):
    command = tmp_path / 'journalctl'
    command.write_text(f'#!/bin/sh\nexec yes \'1764080000.000000 node kubelet[93]: {OWN.replace("46:56", "13:20")}\'\n')
    command.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    shown, complete = journal.lines(mock.Mock(pid=93), 0, 'no volume plugin matched', 60)
    assert not complete and 1000 < len(shown) < journal.MOST_BYTES // 50


@pytest.mark.parametrize('head, pid, is_own', [
    ('I1125 14:13:20.302388      93', 93, True), ('??? I1125 19:58:19.9      93', 93, True), ('I1125 14:13:15.302388      93', 93, True),
    ('I1125 14:13:20.302388      93', 94, False), ('I1125 14:12:20.302388      93', 93, False), ('I1125 14:13:30.302388      93', 93, False),
])
def test_a_line_that_a_pod_has_the_kubelet_repeat_has_not_its_head(tmp_path, monkeypatch, head, pid, is_own):
    """A driver's message repeats a pod's option, and the kubelet logs that with its line breaks."""
    command = tmp_path / 'journalctl'
    command.write_text(f'#!/bin/sh\necho \'1764080000.302400 node kubelet[93]: {head} plugins.go:635] Loaded volume plugin "acme/nfs"\'\n')
    command.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    assert journal.parse(*journal.lines(mock.Mock(pid=pid), 0, 'Loaded')).loaded == ({'acme~nfs': 1764080000.3024} if is_own else {})


def test_what_was_said_before_the_clock_was_set_back_is_passed_over_and_missing(tmp_path, monkeypatch):
    """A probe that failed a year ahead would be the last one for a year."""
    command = tmp_path / 'journalctl'
    command.write_text(f"#!/bin/sh\necho '1764080000.000000 node kubelet[93]: {OWN.replace('46:56', '13:20')}'\n"
                       f"echo '1795616000.000000 node kubelet[93]: {OLD_ERROR.replace('47:29', '13:20')}'\n")
    command.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    monkeypatch.setattr(journal.time, 'time', lambda: 1764080060)
    found = journal.parse(*journal.lines(mock.Mock(pid=93), 0, 'plugin'))
    assert (found.failed, found.probed, found.complete) == ({}, None, False)
    monkeypatch.setattr(journal.time, 'time', lambda: 1795616060)
    found = journal.parse(*journal.lines(mock.Mock(pid=93), 0, 'plugin'))
    assert (found.failed, found.complete) == ({'example.com~broken': 1795616000}, True)


@pytest.mark.parametrize('line, names', [(OLD_ERROR, {'example.com~broken'}), (NEW_ERROR, {'a~one', 'b~two'})])
def test_a_probe_that_failed_names_each_directory(line, names):
    found = said((20, line))
    assert (set(found.failed), found.probed) == (names, 20)


def test_what_cannot_be_the_name_of_a_directory_is_passed_over():
    assert said((20, OLD_ERROR.replace('example.com~', '../'))).failed == {}


@pytest.mark.parametrize('line', [
    'I1125 14:46:58.1      93 event.go:291] "Event occurred" message="I1125 14:46:58.330539      93 plugins.go:651] Loaded volume plugin \\"acme/nfs\\""',
    'W1125 14:47:06.183140      93 driver-call.go:149] FlexVolume: driver call failed: output: "Loaded volume plugin \\"acme/nfs\\""',
    'Loaded volume plugin "acme/nfs"', '\t' + NEW, '',
])
def test_what_a_pod_or_a_driver_has_the_kubelet_quote_is_not_its_word(line):
    assert said((20, line)).loaded == {}


def test_lines_that_are_no_entries_are_passed_over():
    assert journal.parse(['-- No entries --', '', 'Hint: You are currently not seeing messages from other users']) == journal.SILENCE


@pytest.mark.parametrize('entries, registered', [
    ([], None),
    ([(10, OWN)], None),
    ([(10, OWN), (20, OLD)], True),
    ([(10, OWN), (4, OLD)], None),
    ([(10, OWN), (20, OLD_ERROR)], False),
    ([(10, OWN), (5.5, OLD_ERROR)], None),
    ([(10, OWN), (20, OLD.replace('acme', 'other'))], False),
    # It is known still: a failing probe later takes nothing back.
    ([(10, OWN), (20, OLD), (30, OLD_ERROR)], True),
    # Its first lines are gone, or were never written: what is missing may have been among them.
    ([(20, OLD_ERROR)], None),
    ([(20, OLD)], True),
])
def test_whether_the_kubelet_knows_a_driver_that_is_there_since_5(entries, registered):
    assert journal.registered(said(*entries), 'acme~nfs', 5) is registered


@pytest.mark.parametrize('entries, registered', [([], None), ([(10, OWN)], None), ([(10, OWN), (20, OLD)], True), ([(10, OWN), (20, OLD_ERROR)], False)])
def test_a_driver_that_is_there_since_nobody_knows_when_is_known_only_if_the_kubelet_says_so(entries, registered):
    assert journal.registered(said(*entries), 'acme~nfs', 0) is registered


def test_a_journal_that_was_not_read_to_its_end_proves_nothing_missing():
    lines = [AT.format(10, OWN), AT.format(20, OLD_ERROR)]
    assert journal.registered(journal.parse(lines, whole=False), 'acme~nfs', 5) is None
