# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
from xml.etree import ElementTree

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import command_line

DRIVER = '''#!/bin/sh
case $1 in
    init) echo '{"status": "Success", "capabilities": {"attach": false, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false,
        "supportsMetrics": false}}' ;;
    mount) mountpoint -q "$2" || mount -t tmpfs conformance "$2" && echo '{"status": "Success"}' ;;
    unmount) ! mountpoint -q "$2" || umount "$2" && echo '{"status": "Success"}' ;;
    *) echo '{"status": "Not supported"}'; exit 1 ;;
esac
'''


@pytest.fixture
def driver(tmp_path):
    path = tmp_path / 'my_driver.sh'
    path.write_text(DRIVER)
    path.chmod(0o755)
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command; return its exit status and what it said."""
    def call(*words):
        monkeypatch.setattr('sys.argv', ['flexvolume-conformance.pyz'] + [str(word) for word in words])
        try:
            status = command_line.main()
        except SystemExit as stopped:
            status = stopped.code
        said = capsys.readouterr()
        return status, said.out + said.err
    return call


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')
def test_a_good_driver_passes(run, driver, tmp_path):
    status, said = run(driver, '--suite', 'basic', '--junit', tmp_path / 'report.xml')
    assert status == 0, said
    assert said.startswith('example.org/my-driver: passed (')
    suite = ElementTree.parse(str(tmp_path / 'report.xml')).getroot().find('testsuite')
    assert (suite.get('failures'), int(suite.get('tests')) > 20) == ('0', True)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')
def test_a_bad_driver_fails_with_the_command_that_repeats_it_on_the_given_file(run, driver):
    driver.write_text(DRIVER.replace('mount -t tmpfs', 'false -t tmpfs'))
    status, said = run(driver, '--suite', 'basic')
    assert status == 1
    assert '  401  FAILED  MUST    a volume is mounted: mount: it printed nothing' in said
    assert f' {driver} mount ' in said.partition('to repeat 401: ')[2]
    status, said = run(driver, '--suite', 'basic', '--waive', '401=known')
    assert status == 0 and 'waived: known' in said


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')
def test_what_a_driver_says_neither_steers_a_terminal_nor_tells_a_secret(run, driver, tmp_path):
    (tmp_path / 'secrets').write_text('{"password": "correct horse"}')
    driver.write_text(DRIVER.replace('    mount)', r"""    mount)
        printf '{"status": "Failure", "message": "\\u001b[2J\\ud800 %s"}' "$(printf '%s' "$3" | sed 's/"/\\"/g')"; exit 1
        """))
    status, said = run(driver, '--suite', 'basic', '--secrets', tmp_path / 'secrets', '--junit', tmp_path / 'report.xml')
    assert status == 1 and 'mount: Failure: \ufffd[2J\ufffd {"kubernetes.io' in said, said
    for text in (said, (tmp_path / 'report.xml').read_text(encoding='utf-8')):
        assert '\x1b' not in text and 'correct horse' not in text and 'Y29ycmVjdCBob3JzZQ' not in text


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')
def test_a_driver_in_its_directory_is_tried_there(run, driver, tmp_path):
    place = tmp_path / 'vendor.example~share'
    place.mkdir()
    driver.rename(place / 'share')
    assert run(place / 'share', '--suite', 'attach')[1].startswith('vendor.example/share: passed')


@pytest.mark.parametrize('words, said', [
    (('{tmp}/none',), 'none is no file: name the executable of a driver.'),
    (('{driver}', '--name', 'none'), "'none' is no driver name: write vendor/driver"),
    (('{driver}', '--options', '{tmp}/none'), '--options {tmp}/none: No such file or directory.'),
    (('{driver}', '--options', '{driver}'), '--options {driver}: it is not JSON'),
    (('{driver}', '--secrets', '{tmp}/list'), '--secrets {tmp}/list: it must hold one JSON object whose values are strings'),
    (('{driver}', '--waive', '404'), "'404': write the number of a check"),
    (('{driver}', '--waive', '999=why'), "'999=why': write the number of a check"),
    (('{driver}', '--timeout', '0'), "'0': give a number of seconds above 0"),
    (('{driver}', '--suite', 'other'), 'invalid choice'),
    ((), 'DRIVER'),
])
def test_what_is_wrong_is_said_in_one_sentence(run, driver, tmp_path, monkeypatch, words, said):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    (tmp_path / 'list').write_text('[1]')
    names = {'tmp': tmp_path, 'driver': driver}
    status, output = run(*(word.format(**names) for word in words))
    assert status == 2
    assert said.format(**names) in output and 'Traceback' not in output


def test_without_root_it_says_so(run, driver, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert run(driver) == (2, 'flexvolume-conformance: A driver mounts, so this must run as root: run it with sudo.\n')


def test_a_report_that_cannot_be_written(run, driver, tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    monkeypatch.setattr(command_line, '_examine', lambda *_arguments: dict(name='a/b', passed=True, seconds=0.1, checks=[]))
    status, said = run(driver, '--junit', tmp_path / 'none' / 'report.xml')
    assert status == 2 and 'report.xml: No such file or directory.' in said
