# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fixture driver gets exactly the verdicts that it was made for, and nothing of it stays on the machine."""

import contextlib
import csv
import ctypes
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from nodes import host

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _names
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance import enclosed, static, suite
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.full import FULL
from ansible_collections.nodeops.flexvolume.plugins.module_utils._conformance.report import CATALOGUE, FAILED, LEFT_OUT
from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import loops, mounts, processes

DRIVERS = pathlib.Path(__file__).parent / 'drivers'
DEFECTS = sorted((DRIVERS / 'defects').glob('*.sh'))
NAME = _names.DriverName.parse('example.org/fixture')
# Far more than any good driver needs, so that a busy machine makes no difference.
TIMEOUT = SLOW = 60
CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x4000 | 0x40000
# What the fixtures write bears one of these names, or a made-up one.
WRITTEN = re.compile('^/[^/]*conformance|/conformance-(fixture|go)')
MADE_UP = re.compile('[0-9a-f]{12}')

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


@pytest.fixture(scope='module', autouse=True)
def places(tmp_path_factory):
    """Records and scratch directories of these tests' own, so that another run on this machine is none of their business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enclosed, 'RECORDS', str(tmp_path_factory.mktemp('run') / 'records'))
        patch.setattr(tempfile, 'tempdir', str(tmp_path_factory.mktemp('scratch')))
        yield


@pytest.fixture(scope='module', autouse=True)
def tools():
    """What the fixtures call, and what builds them."""
    host.install('bindfs', 'e2fsprogs', 'gcc', 'git', 'golang-go', 'libc6-dev')


@pytest.fixture(scope='module', autouse=True)
def tokens():
    """Record the token of each run, and see at the end that the machine has no path that bears one, nor one that a fixture wrote."""
    used, fstab = [], _text('/etc/fstab')
    perform = enclosed.perform

    def recording(play, token, *arguments):
        used.append(token)
        return perform(play, token, *arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enclosed, 'perform', recording)
        yield used
    listed = subprocess.run(['find', '/', '/dev', '-xdev'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode('utf-8', 'replace')
    made_up = set(used)
    assert [path for path in listed.splitlines() if WRITTEN.search(path) or not made_up.isdisjoint(MADE_UP.findall(path))] == []
    assert _text('/etc/fstab') == fstab


def _text(path):
    return pathlib.Path(path).read_text(encoding='utf-8') if os.path.exists(path) else ''


@pytest.fixture
def place(tmp_path):
    """The executable's place in a plugin dir of its own."""
    path = tmp_path / 'exec' / 'example.org~fixture' / 'fixture'
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture(scope='module')
def repository(tmp_path_factory):
    """A git repository with some files."""
    tree = tmp_path_factory.mktemp('repository') / 'site.git'
    for number in range(3):
        (tree / 'pages').mkdir(parents=True, exist_ok=True)
        (tree / 'pages' / f'{number}.html').write_text(f'page {number}\n')
    who = ('-c', 'user.name=fixture', '-c', 'user.email=fixture@example.org', '-c', 'init.defaultBranch=main')
    for command in (('init', '-q'), ('add', '.'), ('commit', '-q', '-m', 'first')):
        subprocess.run(['git', '-C', tree, *who, *command], check=True)
    return tree


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    """What Go keeps from one build to the next."""
    return tmp_path_factory.mktemp('go')


def install(place, text):
    place.write_text(text, encoding='utf-8')
    place.chmod(0o755)


def run(place, options=None, chosen=FULL, timeout=TIMEOUT, slow=SLOW, **details):
    """Run the suite and see to it that no mount, process or loop device is left, and no file in the plugin dir."""
    mounted, running, written = mounts.read(), processes.descendants(), sorted(place.parents[1].rglob('*'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(static, 'SLOW_INIT', slow)
        checks = suite.run(str(place), NAME, process.callout_environment(None), options, chosen, timeout=timeout, **details)
    # A mount of somebody else's goes from every namespace when its mount point is removed, so only new ones count.
    assert [mount for mount in mounts.read() if mount not in mounted] == []
    assert processes.descendants() == running
    assert sorted(place.parents[1].rglob('*')) == written
    assert not os.path.exists(enclosed.RECORDS) and os.listdir(tempfile.gettempdir()) == []
    deadline = time.monotonic() + 5
    while [loop for loop in loops.used() if str(place.parents[3]) in loop.file]:
        assert time.monotonic() < deadline, loops.used()
        time.sleep(0.01)
    return checks


def failed(checks, *levels):
    return {check.number: check.evidence for check in checks if check.outcome == FAILED and (not levels or check.level in levels)}


def left_out(checks):
    return {check.number for check in checks if check.outcome == LEFT_OUT}


def header(path, key, default=''):
    match = re.search(f'^# {key}:(.*)$', path.read_text(encoding='utf-8'), re.MULTILINE)
    return match.group(1).strip() if match else default


def numbers(path, level):
    return [int(number) for number in header(path, level).split()]


def defective(path):
    """Return the good driver with the functions of the defect in place of its own."""
    base = (DRIVERS / 'good' / f'{header(path, "base", "shell")}.sh').read_text(encoding='utf-8')
    body, call = base[:base.rindex('main "$@"')], 'main "$@"\n'
    return body + path.read_text(encoding='utf-8') + call


@pytest.mark.parametrize('path', DEFECTS, ids=lambda path: path.stem)
def test_verdicts(path, place, tmp_path, repository):
    (tmp_path / 'images').mkdir()
    options = json.loads(header(path, 'options', '{}').replace('IMAGES', str(tmp_path / 'images')).replace('REPOSITORY', str(repository)))
    install(place, defective(path))
    checks = run(place, options, timeout=float(header(path, 'timeout', TIMEOUT)), slow=float(header(path, 'slow', SLOW)))
    assert sorted(failed(checks, 'MUST')) == numbers(path, 'MUST'), failed(checks)
    assert sorted(failed(checks, 'SHOULD')) == numbers(path, 'SHOULD'), failed(checks)
    assert os.listdir(tmp_path / 'images') == []


ON_THE_NODE = ['climbs-out', 'leaves-a-file', 'leaves-a-file-elsewhere', 'leaves-a-mount', 'leaves-a-process', 'unmount-does-nothing']


@pytest.mark.parametrize('name', ON_THE_NODE)
def test_verdicts_on_the_node_itself(name, place, tmp_path):
    """Where no overlay can be had, all is as well seen and cleared up that bears a made-up name, but for what a driver makes in places of its own."""
    path = DRIVERS / 'defects' / f'{name}.sh'
    install(place, defective(path))
    mounted = mounts.read()
    checks = suite.run(str(place), NAME, process.callout_environment(None), json.loads(header(path, 'options', '{}')), FULL, enclose=False)
    assert sorted(failed(checks)) == numbers(path, 'MUST') + numbers(path, 'SHOULD'), failed(checks)
    assert [mount for mount in mounts.read() if mount not in mounted] == []
    assert {check.number: check.evidence for check in checks}[805].startswith('only made-up names were looked for' if 805 not in failed(checks) else '/tmp/')


@pytest.mark.parametrize('chosen, enclose', [(suite.BASIC, True), (FULL, True), (FULL, False)], ids=['basic', 'full', 'on-the-node'])
@pytest.mark.parametrize('driver', ['shell.sh', 'python.py', 'attachable.sh', 'checkout.sh', 'fuse.sh', 'overlay.sh', 'bind.go', 'compiled.c'])
def test_good_drivers(driver, chosen, enclose, place, tmp_path, repository, cache):
    source = DRIVERS / 'good' / driver
    options = {'python.py': {'base': str(tmp_path), 'path': 'data'}, 'attachable.sh': {'images': str(tmp_path)}, 'fuse.sh': {'share': str(tmp_path)},
               'checkout.sh': {'repo': str(repository)}}.get(driver)
    build(source, place, cache)
    checks = run(place, options, chosen, enclose=enclose)
    assert failed(checks) == {}
    attached = driver.startswith('attachable')
    expected = set() if chosen is suite.BASIC else ({501} if attached else set(range(601, 610))) | (set() if options else {408, 409})
    assert left_out(checks) == {701, 702, 703} | expected
    assert [path.name for path in tmp_path.iterdir() if path.suffix == '.img'] == []
    if not enclose:
        subprocess.run(['rm', '-rf', '/var/lib/conformance-go'], check=True)


def test_a_driver_that_mounts_nothing_on_an_overlay_is_judged_on_the_node(place):
    install(place, (DRIVERS / 'good' / 'overlay.sh').read_text(encoding='utf-8'))
    [evidence] = [check.evidence for check in run(place) if check.number == 805]
    assert evidence == 'only made-up names were looked for, since the driver ran on the node itself: its volumes cannot be mounted in an enclosure'


def test_a_driver_that_mounts_nothing_anywhere_is_judged_on_the_stage_which_says_so(place):
    install(place, defective(DRIVERS / 'defects' / 'mounts-nothing.sh'))
    checks = run(place)
    assert failed(checks)[402].endswith('and it is empty (on the node itself too)')
    assert [check.evidence for check in checks if check.number == 805] == ['']


def build(source, place, cache):
    """Put a driver in place, whatever its language."""
    command = {'.c': ['cc', '-Wall', '-Werror', '-o', place, source], '.go': ['go', 'build', '-o', place, source]}.get(source.suffix)
    if not command:
        install(place, source.read_text(encoding='utf-8'))
        return
    environment = dict(os.environ, GO111MODULE='off', CGO_ENABLED='0', GOCACHE=str(cache), GOFLAGS='')
    subprocess.run(command, check=True, env=environment)


def test_every_check_fails_for_some_fixture():
    tested = {number for path in DEFECTS for level in ('MUST', 'SHOULD') for number in numbers(path, level)}
    # The files and the kubelet are tested below and in the unit tests.
    assert set(CATALOGUE) - tested == set(range(101, 108)) | {701, 702, 703}


def test_each_must_was_seen_on_a_real_kubelet():
    stories = (pathlib.Path(__file__).parents[1] / 'kubelet' / 'test_suffered.py').read_text(encoding='utf-8')
    told = {int(number) for number in re.findall(r'Case\((\d+),', stories)}
    # Those of a kubelet that looks elsewhere, or watches what is gone, are in test_told.py.
    assert {number for number, entry in CATALOGUE.items() if entry.level == 'MUST'} - told == {701, 702}


def test_one_failure_leaves_out_only_what_depends_on_it(place, tmp_path):
    """A driver that says of every volume that it is not attached still has its volumes looked at."""
    (tmp_path / 'images').mkdir()
    install(place, defective(DRIVERS / 'defects' / 'is-never-attached.sh'))
    assert left_out(run(place, {'images': str(tmp_path / 'images')})) == {501, 701, 702, 703}
    install(place, defective(DRIVERS / 'defects' / 'mounts-nothing.sh'))
    assert left_out(run(place, {'share': 'data'})) == {403, 404, 405, 406, 407, 408, 409, 415, 416, 417, 418, 501, 701, 702, 703} | set(range(601, 610))


def test_a_blank_device_gets_ext4_from_the_kubelet_where_the_pod_names_no_type(place, tmp_path):
    (tmp_path / 'images').mkdir()
    install(place, defective(DRIVERS / 'defects' / 'leaves-formatting-to-the-kubelet.sh'))
    assert failed(run(place, {'images': str(tmp_path / 'images')})) == {}


@pytest.mark.parametrize('enclose', [True, False], ids=['enclosed', 'on-the-node'])
def test_what_a_killed_run_made_is_cleared_up_by_the_next(enclose, place):
    """Killed with its stage in the middle of mount, so that nobody is left to clear up: the next run of whatever driver does."""
    asleep = f'sleep {6 + enclose}{os.getpid()}'
    slow = (DRIVERS / 'defects' / 'leaves-a-mount.sh').read_text(encoding='utf-8').replace(
        '    mount -t tmpfs conformance', f'    : >"/tmp/${{1##*/}}"\n    mount -t tmpfs conformance "$1"\n    {asleep}\n    mount -t tmpfs conformance')
    good(place)
    install(place, place.read_text(encoding='utf-8').replace('main "$@"\n', '') + slow + 'main "$@"\n')
    mounted = mounts.read()
    child = os.fork()
    if child == 0:
        suite.run(str(place), NAME, process.callout_environment(None), {}, suite.BASIC, enclose=enclose)
        os._exit(1)
    deadline = time.monotonic() + TIMEOUT
    while not running(asleep):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    [stage] = [pid for pid in processes.descendants() if os.path.exists(f'/proc/{pid}') and parent(pid) == child]
    # On the node a driver's process cannot be told from others.
    for pid in [stage, child] + ([] if enclose else running(asleep)):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(child, 0)
    while os.path.exists(f'/proc/{stage}') and state(stage) != 'Z':
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(os.listdir(enclosed.RECORDS)) == 1
    good(place)
    assert failed(suite.run(str(place), NAME, process.callout_environment(None), {}, suite.BASIC)) == {}
    assert not os.path.exists(enclosed.RECORDS)
    assert [mount for mount in mounts.read() if mount not in mounted] == []
    assert running(asleep) == []


@pytest.mark.parametrize('enclose', [True, False], ids=['enclosed', 'on-the-node'])
def test_runs_at_once_do_not_notice_each_other(enclose, place):
    good(place)
    children = []
    for _run in range(6):
        children.append(os.fork())
        if children[-1] == 0:
            status = 1
            with contextlib.suppress(BaseException):
                found = [suite.run(str(place), NAME, process.callout_environment(None), {}, suite.BASIC, enclose=enclose) for _time in range(5)]
                status = int(any(map(failed, found)))
            os._exit(status)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    run(place, chosen=suite.BASIC)


def test_a_run_whose_module_is_killed_clears_up_by_itself(place):
    good(place)
    asleep = f'sleep 8{os.getpid()}'
    install(place, place.read_text(encoding='utf-8').replace('mount_volume() {', f'mount_volume() {{ {asleep};'))
    child = os.fork()
    if child == 0:
        suite.run(str(place), NAME, process.callout_environment(None), {}, suite.BASIC, enclose=False)
        os._exit(1)
    deadline = time.monotonic() + TIMEOUT
    while not running(asleep):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while running(asleep) or os.listdir(tempfile.gettempdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    good(place)
    run(place, chosen=suite.BASIC)


def test_a_mount_fails_too_where_a_container_has_the_right_to_it_inheritable(place):
    install(place, defective(DRIVERS / 'defects' / 'success-though-mount-failed.sh'))
    libc, header, sets = ctypes.CDLL(None), struct.pack('Ii', 0x20080522, 0), ctypes.create_string_buffer(24)
    assert libc.capget(header, sets) == 0
    words = struct.unpack('6I', sets.raw)
    try:
        assert libc.capset(header, struct.pack('6I', *words[:2], words[2] | 1 << 21, *words[3:])) == 0
        assert 'with no right to mount' in failed(run(place))[415]
    finally:
        libc.capset(header, struct.pack('6I', *words))


@pytest.mark.parametrize('enclose', [True, False], ids=['enclosed', 'on-the-node'])
def test_a_driver_that_kills_the_suite_leaves_nothing_either(enclose, place):
    good(place)
    asleep = f'sleep {6 + enclose}2{os.getpid()}'
    behind = f'{asleep} >/dev/null 2>&1 & ' if enclose else ''
    install(place, place.read_text(encoding='utf-8').replace('    success\n}\n\ncall_unmount', f'    {behind}kill -KILL $PPID\n}}\n\ncall_unmount'))
    mounted = mounts.read()
    with pytest.raises(NodeError, match='kills the process that called it'):
        suite.run(str(place), NAME, process.callout_environment(None), {}, suite.BASIC, enclose=enclose)
    assert [mount for mount in mounts.read() if mount not in mounted] == []
    assert running(asleep) == [] and not os.path.exists(enclosed.RECORDS)
    assert os.listdir(tempfile.gettempdir()) == []


def running(command):
    """Return the pids of the processes with such a command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if pathlib.Path(f'/proc/{pid}/cmdline').read_text(encoding='utf-8', errors='replace').split('\0')[:2] == command.split():
                found.append(int(pid))
        except OSError:
            pass
    return found


def parent(pid):
    return int(pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(') ')[2].split()[1])


def state(pid):
    return pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(') ')[2].split()[0]


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


def test_an_executable_that_an_acl_lets_others_write(place, monkeypatch):
    good(place)
    place.chmod(0o775)
    assert failed(run(place, chosen=suite.BASIC)) == {}
    monkeypatch.setattr(static.trust.os, 'getxattr', lambda _path, _name: b'an ACL')
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


def test_a_driver_that_removes_itself_is_judged(place):
    good(place)
    install(place, place.read_text(encoding='utf-8').replace('mount_volume() {', 'mount_volume() { rm -rf "${0%/*}";'))
    found = failed(run(place, chosen=suite.BASIC))
    assert {411, 412, 804} <= set(found) and 'cannot be run' in found[411] and 'it changed fixture' in found[804]


def test_check_mode_mounts_nothing(place):
    good(place)
    checks = run(place, check=True)
    assert failed(checks) == {}
    assert left_out(checks) == {number for number in CATALOGUE if 300 <= number < 800}


def test_secrets_and_options_reach_the_driver_as_the_kubelet_writes_them(place, tmp_path):
    text = (DRIVERS / 'good' / 'shell.sh').read_text(encoding='utf-8')
    seen = tmp_path / 'seen'
    install(place, text.replace('check_json "$2"', f'printf "%s\\n" "$2" >>{seen}'))
    run(place, {'kubernetes.io/secret/key': 'dmFsdWU=', 'tag': '<a & b>'}, suite.BASIC, enclose=False)
    first = seen.read_text(encoding='utf-8').splitlines()[0]
    assert '"kubernetes.io/secret/key":"dmFsdWU="' in first and r'"tag":"\u003ca \u0026 b\u003e"' in first
    assert list(json.loads(first)) == sorted(json.loads(first))


def test_the_umask_is_the_kubelet_s_whosoever_starts_the_run(place):
    good(place)
    install(place, place.read_text(encoding='utf-8').replace('mount_volume() {', 'mount_volume() { [ "$(umask)" = 0022 ] || failure "umask $(umask)";'))
    before = os.umask(0o077)
    try:
        assert failed(run(place, chosen=suite.BASIC)) == {}
    finally:
        os.umask(before)


@pytest.mark.parametrize('enclose', [True, False], ids=['enclosed', 'on-the-node'])
def test_what_the_driver_keeps_for_a_pod_that_never_was_is_removed(enclose, place, tmp_path):
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
    assert failed(run(place, enclose=enclose)) == {}
    assert sorted(str(path.relative_to(base)) for path in base.rglob('*')) == ['.state', 'a-real-pod']


@pytest.mark.parametrize('enclose', [True, False], ids=['enclosed', 'on-the-node'])
def test_what_odd_options_made_is_removed(enclose, place, tmp_path):
    text = (DRIVERS / 'good' / 'python.py').read_text(encoding='utf-8')
    base = tmp_path / 'base'
    base.mkdir()
    install(place, text.replace("not re.fullmatch('[a-z]+', path)", "path.startswith('/') or '..' in path.split('/')"))
    assert failed(run(place, {'base': str(base), 'path': 'data'}, enclose=enclose)) == {}
    assert [path.name for path in base.iterdir()] == ([] if enclose else ['data'])


def test_the_documentation_lists_every_check():
    page = (pathlib.Path(__file__).parents[2] / 'docs' / 'docsite' / 'rst' / 'conformance.rst').read_text(encoding='utf-8')
    rows = list(csv.reader(re.findall(r'^ +([0-9]{3},.*)$', page, re.MULTILINE)))
    for number, entry in CATALOGUE.items():
        assert [str(number), entry.level, entry.title + (' *(basic)*' if entry.basic else ''), entry.advice] in rows
