# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fixture driver gets exactly the verdicts that it was made for, and nothing of it stays on the machine."""

import csv
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _names
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import leftovers, stage, static, suite
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.full import FULL
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import CATALOGUE
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import mounts, processes

DRIVERS = pathlib.Path(__file__).parent / 'drivers'
DEFECTS = sorted((DRIVERS / 'defects').glob('*.sh'))
# Far more than any good driver needs, so that a busy machine makes no difference.
TIMEOUT = SLOW = 60
CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x4000 | 0x40000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount')


@pytest.fixture(scope='module', autouse=True)
def mount_namespace():
    """Mounts of this module stay in a mount namespace of its own, whatever goes wrong."""
    libc = ctypes.CDLL(None, use_errno=True)
    home, root = os.open('/proc/self/ns/mnt', os.O_RDONLY), os.open('/', os.O_RDONLY)
    directory = os.getcwd()
    assert libc.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    assert libc.mount(b'none', b'/', None, MS_REC_PRIVATE, None) == 0, os.strerror(ctypes.get_errno())
    yield
    assert libc.setns(home, CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    # setns leaves a chroot, in which these tests may well run.
    os.fchdir(root)
    os.chroot('.')
    os.chdir(directory)
    os.close(root)
    os.close(home)


@pytest.fixture
def place(tmp_path):
    """The executable's place in a plugin dir of its own."""
    path = tmp_path / 'exec' / 'example.org~fixture' / 'fixture'
    path.parent.mkdir(parents=True)
    return path


def install(place, text):
    place.write_text(text, encoding='utf-8')
    place.chmod(0o755)


def run(place, options=None, chosen=FULL, timeout=TIMEOUT, slow=SLOW, **details):
    """Run the suite and see to it that nothing is left."""
    mounted, running = mounts.read(), processes.descendants()
    name = _names.DriverName.parse('example.org/fixture')
    with pytest.MonkeyPatch.context() as patch:
        tokens = []
        patch.setattr(leftovers, 'Stage', recording(tokens))
        patch.setattr(static, 'SLOW_INIT', slow)
        checks = suite.run(str(place), name, process.callout_environment(None), options, chosen, timeout=timeout, **details)
    # A mount of somebody else's goes from every namespace when its mount point is removed, so only new ones count.
    assert [mount for mount in mounts.read() if mount not in mounted] == []
    assert processes.descendants() == running
    assert [path for token in tokens for path in bearing(token)] == []
    return checks


def recording(tokens):
    """Return a Stage whose token can be looked for afterwards."""
    class Recorded(stage.Stage):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            tokens.append(self.token)
    return Recorded


def bearing(token):
    """Return the files and loop devices that bear a made-up name."""
    found = [path for directory in ('/tmp', '/run', '/var/tmp', '/dev/shm') for path in os.listdir(directory) if token in path]
    loops = subprocess.run(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE'], stdout=subprocess.PIPE, check=False).stdout.decode()
    return found + [line for line in loops.splitlines() if token in line]


def failed(checks):
    return {check.number: check.evidence for check in checks if check.outcome == 'failed'}


def left_out(checks):
    return {check.number for check in checks if check.outcome == 'left out'}


def header(path, key, default=''):
    match = re.search(f'^# {key}:(.*)$', path.read_text(encoding='utf-8'), re.MULTILINE)
    return match.group(1).strip() if match else default


def defective(path):
    """Return the good driver with the functions of the defect in place of its own."""
    base = (DRIVERS / 'good' / f'{header(path, "base", "shell")}.sh').read_text(encoding='utf-8')
    body, call = base[:base.rindex('main "$@"')], 'main "$@"\n'
    return body + path.read_text(encoding='utf-8') + call


@pytest.mark.parametrize('path', DEFECTS, ids=lambda path: path.stem)
def test_verdicts(path, place, tmp_path):
    (tmp_path / 'images').mkdir()
    options = json.loads(header(path, 'options', '{}').replace('IMAGES', str(tmp_path / 'images')))
    install(place, defective(path))
    checks = run(place, options, timeout=float(header(path, 'timeout', TIMEOUT)), slow=float(header(path, 'slow', SLOW)))
    assert sorted(failed(checks)) == [int(number) for number in header(path, 'fails').split()], failed(checks)
    assert os.listdir(tmp_path / 'images') == []


@pytest.mark.parametrize('language', ['shell.sh', 'python.py', 'attachable.sh'])
@pytest.mark.parametrize('chosen', [suite.BASIC, FULL], ids=lambda chosen: chosen.name)
def test_good_drivers(language, chosen, place, tmp_path):
    source = DRIVERS / 'good' / language
    options = {'python.py': {'base': str(tmp_path), 'path': 'data'}, 'attachable.sh': {'images': str(tmp_path)}}.get(language)
    install(place, source.read_text(encoding='utf-8'))
    checks = run(place, options, chosen)
    assert failed(checks) == {}
    attached = language.startswith('attachable')
    assert left_out(checks) == {701, 702, 703} | (set() if chosen is suite.BASIC else {501} if attached else set(range(601, 610)))
    assert [path.name for path in tmp_path.iterdir() if path.suffix == '.img'] == []


@pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')
def test_a_good_compiled_driver(place):
    subprocess.run(['cc', '-Wall', '-Werror', '-o', place, DRIVERS / 'good' / 'compiled.c'], check=True)
    assert failed(run(place)) == {}


def test_every_check_fails_for_some_fixture():
    tested = {int(number) for path in DEFECTS for number in header(path, 'fails').split()}
    # The files and the kubelet are tested below and in the unit tests.
    assert set(CATALOGUE) - tested == set(range(101, 108)) | {701, 702, 703}


def good(place):
    install(place, (DRIVERS / 'good' / 'shell.sh').read_text(encoding='utf-8'))


def test_no_file(place):
    assert set(failed(run(place))) == {101}


def test_a_directory_in_place_of_the_file(place):
    place.mkdir()
    assert set(failed(run(place))) == {101}


def test_a_link_to_the_executable(place, tmp_path):
    good(tmp_path / 'elsewhere')
    place.symlink_to(tmp_path / 'elsewhere')
    assert set(failed(run(place))) == {102}


def test_not_executable(place):
    good(place)
    place.chmod(0o644)
    assert set(failed(run(place))) == {103, 201}


@pytest.mark.parametrize('mode', [0o757, 0o777])
def test_an_executable_that_others_may_write(place, mode):
    good(place)
    place.chmod(mode)
    assert set(failed(run(place, chosen=suite.BASIC))) == {104}


def test_an_executable_of_another_user(place):
    good(place)
    os.chown(place, 65534, 0)
    assert set(failed(run(place, chosen=suite.BASIC))) == {104}


def test_a_directory_that_others_may_write(place):
    good(place)
    place.parent.chmod(0o777)
    assert set(failed(run(place, chosen=suite.BASIC))) == {105}


def test_a_link_to_the_directory(place):
    good(place)
    place.parent.rename(place.parent.with_name('elsewhere'))
    place.parent.symlink_to('elsewhere')
    assert set(failed(run(place, chosen=suite.BASIC))) == {105}


def test_a_wrong_name(place):
    good(place)
    other = place.parent.with_name('example.com~fixture')
    place.parent.rename(other)
    assert set(failed(run(other / 'fixture', chosen=suite.BASIC))) == {106}


def test_a_file_system_mounted_noexec(place):
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'noexec,mode=0755', 'conformance', place.parent], check=True)
    good(place)
    checks = run(place)
    subprocess.run(['umount', place.parent], check=True)
    assert set(failed(checks)) == {107, 201}
    assert 'noexec' in failed(checks)[201]


@pytest.mark.parametrize('text, words', [
    ('#!/no/such/interpreter\n', 'wants the interpreter'), ('#!/bin/sh\r\n:\r\n', 'CRLF'), ('echo\n', 'begins with #!'),
])
def test_what_cannot_be_run(place, text, words):
    install(place, text)
    checks = run(place)
    assert set(failed(checks)) == {201}
    assert words in failed(checks)[201]


def test_check_mode_mounts_nothing(place):
    good(place)
    checks = run(place, check=True)
    assert failed(checks) == {}
    assert left_out(checks) == {number for number in CATALOGUE if 300 <= number < 800}


def test_secrets_and_options_reach_the_driver_as_the_kubelet_writes_them(place, tmp_path):
    text = (DRIVERS / 'good' / 'shell.sh').read_text(encoding='utf-8')
    seen = tmp_path / 'seen'
    install(place, text.replace('check_json "$2"', f'printf "%s\\n" "$2" >>{seen}'))
    run(place, {'kubernetes.io/secret/key': 'dmFsdWU=', 'tag': '<a & b>'}, suite.BASIC)
    first = seen.read_text(encoding='utf-8').splitlines()[0]
    assert '"kubernetes.io/secret/key":"dmFsdWU="' in first and r'"tag":"\u003ca \u0026 b\u003e"' in first
    assert list(json.loads(first)) == sorted(json.loads(first))


def test_what_the_driver_keeps_for_a_pod_that_never_was_is_removed(place, tmp_path):
    text = (DRIVERS / 'good' / 'shell.sh').read_text(encoding='utf-8')
    base = tmp_path / 'base'
    (base / '.state').mkdir(parents=True)
    (base / 'a-real-pod').mkdir()
    keeping = f'''
mount_volume() {{
    mkdir -p "{base}/${{1##*/}}/data"
    : >"{base}/.state/${{1##*/}}"
    mount --bind "{base}/${{1##*/}}/data" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}}
'''
    install(place, text.replace('\ncall_mount() {', keeping + '\ncall_mount() {'))
    assert failed(run(place)) == {}
    assert sorted(str(path.relative_to(base)) for path in base.rglob('*')) == ['.state', 'a-real-pod']


def test_what_odd_options_made_is_removed(place, tmp_path):
    text = (DRIVERS / 'good' / 'python.py').read_text(encoding='utf-8')
    base = tmp_path / 'base'
    base.mkdir()
    install(place, text.replace("not re.fullmatch('[a-z]+', path)", "'..' in path.split('/')"))
    assert failed(run(place, {'base': str(base), 'path': 'data'})) == {}
    assert [path.name for path in base.iterdir()] == ['data']


def test_the_documentation_lists_every_check():
    page = (pathlib.Path(__file__).parents[2] / 'docs' / 'docsite' / 'rst' / 'conformance.rst').read_text(encoding='utf-8')
    rows = list(csv.reader(re.findall(r'^ +([0-9]{3},.*)$', page, re.MULTILINE)))
    for number, entry in CATALOGUE.items():
        assert [str(number), entry.level, entry.title + (' *(basic)*' if entry.basic else ''), entry.advice] in rows
