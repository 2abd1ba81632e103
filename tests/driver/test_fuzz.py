# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callouts, paths, options, settings and encodings that nobody would write, and their neighbours that somebody would.

The cases run in children of one interpreter that has loaded the driver once, so that 100,000 take minutes: each child is a callout in
every respect but the interpreter's start. SOAK=1 runs the full count; FUZZ_CASES sets another.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from node import Node

CASES = int(os.environ.get('FUZZ_CASES') or (100000 if os.environ.get('SOAK') == '1' else 600))
CALLOUTS = ('init', 'mount', 'unmount', 'getvolumename', 'attach', 'waitforattach', 'isattached', 'detach', 'mountdevice', 'unmountdevice',
            'expandvolume', 'expandfs')
NASTY = ('', '.', '..', '...', '/', '../..', '../outside', '/etc', 'a/b', 'a//b', 'link', 'file', '.state', '.trash', '.by-pod', '~', '-', '--', '{uid}',
         '{0}', '%s', '$(id)', 'a b', 'a\nb', '\u202e', '\ud800', '\udcff', 'é', 'A' * 255, 'A' * 256, '0', '-1', '4294967295', '07777', 'null', '1e3')
KUBELETS = ('fsType', 'pod.name', 'pod.namespace', 'pod.uid', 'pvOrVolumeName', 'readwrite', 'serviceAccount.name', 'mounterArgs.FsGroup', 'fsGroup',
            'secret/password', 'somethingNew')
OPTIONS = ('mode', 'owner', 'group', 'subdirectory', 'retention', 'size')
SETTINGS = ('base', 'layout', 'owner', 'group', 'mode', 'mount_flags', 'retention', 'size', 'by_pod', 'pod_options', 'colour')
GOOD = {
    'mode': ('0700', '0755', '2770', '755'), 'owner': ('0', '1000'), 'group': ('0', '1000'), 'subdirectory': ('sub', 'a.b_c-d'),
    'retention': ('retain', 'delete', '1s', '7d'), 'size': ('1Gi',), 'kubernetes.io/readwrite': ('ro', 'rw'), 'kubernetes.io/pod.uid': ('u1',),
    'kubernetes.io/pod.name': ('web-0', 'link'), 'kubernetes.io/pod.namespace': ('default', 'link', 'file'), 'kubernetes.io/fsGroup': ('3000',),
}


def mostly(usual, rare, times: int = 9):
    """Draw from the usual as many times as from the rare once."""
    return st.integers(0, times).flatmap(lambda number: rare if number == times else usual)


strings = st.one_of(st.sampled_from(NASTY), st.text(max_size=20), st.text(alphabet='u1.-_~/{}', max_size=12))
values = st.recursive(st.one_of(strings, st.none(), st.booleans(), st.integers(), st.floats()), lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(strings, inner, max_size=3)), max_leaves=5)
keys = st.one_of(st.sampled_from(KUBELETS).map('kubernetes.io/{}'.format), st.sampled_from(OPTIONS), strings)


def entry(key: str):
    good = st.sampled_from(GOOD[key]) if key in GOOD else strings
    return st.tuples(st.just(key), mostly(good, values, 3))


base_options = st.fixed_dictionaries({
    'kubernetes.io/pod.name': st.sampled_from(('web-0',) * 9 + ('link',)), 'kubernetes.io/pod.namespace': st.sampled_from(('default',) * 8 + ('link', 'file')),
    'kubernetes.io/pod.uid': st.sampled_from(('u1',) * 9 + ('u2',)), 'kubernetes.io/readwrite': st.sampled_from(('rw', 'ro'))})
options = st.tuples(base_options, mostly(st.just([]), st.lists(keys.flatmap(entry), max_size=3), 1), mostly(st.just([]), st.lists(keys, max_size=1), 4)).map(
    lambda parts: {key: value for key, value in {**parts[0], **dict(parts[1])}.items() if key not in parts[2]})
whole = options.map(json.dumps)
splinters = st.sampled_from(('', '{', '}', '"', ',', '\\', '\x01', '\udcff', '[[[[', '\\u0000', '\\ud800'))
broken = st.tuples(whole, st.integers(0, 400), splinters, st.integers(0, 5)).map(
    lambda parts: parts[0][:parts[1]] + parts[2] + parts[0][parts[1] + parts[3]:])
texts = mostly(whole, st.one_of(broken, st.text(max_size=60), st.sampled_from(
    ('', '{}', '[]', '[' * 5000, '{"a":' * 5000, '1' * 5000, ' {} ', '{}{}'))), 2)

pods = mostly(st.just('u1'), strings, 2)
mount_dirs = mostly(st.just('{pods}/u1/volumes/nodeops~dynhostpath/logs'), st.one_of(
    st.tuples(pods, strings, strings).map(lambda parts: '{pods}/' + f'{parts[0]}/volumes/{parts[1]}/{parts[2]}'),
    strings, st.sampled_from(('{base}', '{outside}', '{pods}', '{pods}/u1/volumes/nodeops~dynhostpath/link', '/', '/proc/self/fd/0'))), 2)
tails = st.one_of(st.just([]), st.lists(strings, max_size=2))
arguments = mostly(st.tuples(st.just('mount'), mount_dirs, texts).map(list), st.one_of(
    st.tuples(st.just('unmount'), mount_dirs).map(list),
    st.tuples(st.one_of(st.sampled_from(CALLOUTS), strings), tails).map(lambda parts: [parts[0], *parts[1]])), 2)

good_settings = {
    'layout': ('{namespace}/{pod}/{uid}', '{namespace}', '{volume}', 'x/{uid}_{volume}'), 'owner': (0, 1000), 'group': (0, '1000'), 'mode': ('0755', '0700'),
    'mount_flags': ([], ['nosuid'], ['nosuid', 'nodev', 'noexec']), 'retention': ('retain', 'delete', '7d'), 'size': (None,), 'by_pod': (True, False),
    'pod_options': ({}, {'mode': {'max': '0777'}, 'subdirectory': {}, 'owner': {'min': 1, 'max': 2000}, 'group': {'min': 0, 'max': 2000}},
                    {'retention': {'max': '7d'}, 'mode': {'max': '7777'}}),
    'base': ('{base}', '{base}/sub', '{root}/missing', '{root}/base-link', '{outside}/treasure')}
one_setting = st.sampled_from(SETTINGS).flatmap(
    lambda name: st.tuples(st.just(name), mostly(st.sampled_from(good_settings[name]), values) if name in good_settings else values))
configs = mostly(st.none(), mostly(st.lists(one_setting, max_size=4).map(
    lambda pairs: json.dumps({'base': '{base}', **dict(pairs)}).encode('utf-8', 'surrogateescape')), st.binary(max_size=40)), 1)


# Loads the driver once, then runs each callout that comes in as a line of JSON in a child whose stdout and stderr are one pipe.
FORK_SERVER = '''
import _ctypes, _json, _socket, fcntl, importlib.machinery, importlib.util, json, os, sys
loader = importlib.machinery.SourceFileLoader('dynhostpath', sys.argv[1])
driver = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(driver)
os.chdir('/')
for line in sys.stdin:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        status = 99
        try:
            status = driver.main(json.loads(line))
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, 'rb') as stream:
        output = stream.read()
    print(json.dumps([os.waitpid(child, 0)[1], output.decode('latin-1')]), flush=True)
'''


class ForkServer:
    def __init__(self, background, driver):
        self.process = background(sys.executable, '-IB', '-c', FORK_SERVER, str(driver), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, arguments: list) -> tuple:
        """Return the exit status and the merged output."""
        self.process.stdin.write(json.dumps(arguments) + '\n')
        self.process.stdin.flush()
        status, output = json.loads(self.process.stdout.readline())
        return os.waitstatus_to_exitcode(status), output.encode('latin-1')


def listing(top) -> list:
    """Return all that lies below a directory, with owner, mode and size, but for what is in the base and in mounted volumes."""
    found = []
    with os.scandir(top) as entries:
        for item in sorted(entries, key=lambda item: item.name):
            status = item.stat(follow_symlinks=False)
            found.append((item.path, status.st_mode, status.st_uid, status.st_gid, status.st_size if not item.is_dir() else 0))
            if item.is_dir(follow_symlinks=False) and item.name != 'base':
                found += listing(item.path)
    return found


@pytest.fixture
def arena(make_node):
    """A node full of traps: symlinks from the base and beside it to what must not be touched."""
    node = make_node()
    node.mount_dir('u1')
    (node.root / 'base-link').symlink_to(node.base)
    (node.mount_dir('u1').parent / 'link').symlink_to(node.outside)
    set_traps(node)
    return node


def set_traps(node: Node):
    (node.base / 'sub').mkdir()
    (node.base / 'link').symlink_to(node.outside)
    (node.base / 'file').touch()
    (node.base / 'default/web-0/u1').mkdir(parents=True)
    (node.base / 'default/web-0/u1/link').symlink_to('../../../../outside')


def argument(text: str, places: dict):
    """Return what arrives as sys.argv: no NUL, and bytes that are no UTF-8 as surrogates."""
    for name, path in places.items():
        text = text.replace('{' + name + '}', str(path))
    return os.fsdecode(text.encode('utf-8', 'surrogatepass').replace(b'\0', b''))


def test_fuzz(arena, background, record_property):
    node = arena
    fork = ForkServer(background, node.driver)
    places = {'base': node.base, 'pods': node.pods, 'outside': node.outside, 'root': node.root}
    config_file = node.driver.parent / '.config.json'
    seen = {}
    mounted_before = node.mounts()

    @settings(max_examples=CASES // 3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(config=configs, callouts=st.lists(arguments, min_size=4, max_size=6))
    def fuzz(config, callouts):
        if config is None:
            config = json.dumps({'base': str(node.base)}).encode()
        for name, path in places.items():
            config = config.replace(b'{' + name.encode() + b'}', os.fsencode(path))
        config_file.write_bytes(config)
        before = listing(node.root)
        for texts_of_case in callouts:
            case = [argument(text, places) for text in texts_of_case]
            if case[0] == 'prune':
                continue
            status, output = fork.call(case)
            check(case, status, output)
            mounted = [point for point in node.mounts() if point not in mounted_before]
            assert len(mounted) <= 1
            for point in mounted:
                shown = subprocess.list2cmdline(case)
                assert os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(point)))) == str(node.pods), shown
                assert not os.path.exists(os.path.join(point, 'treasure')), shown
        for point in [point for point in node.mounts() if point not in mounted_before]:
            config_file.write_bytes(b'{}')
            assert json.loads(fork.call(['unmount', point])[1])['status'] == 'Success'
        assert node.mounts() == mounted_before
        config_file.write_bytes(config)
        assert listing(node.root) == before
        if len(os.listdir(node.base)) > 40:
            shutil.rmtree(node.base)
            node.base.mkdir()
            set_traps(node)

    def check(case, status, output):
        answer = json.loads(output)
        assert output.endswith(b'}\n') and output.count(b'\n') == 1, output
        assert answer['status'] in ('Success', 'Failure', 'Not supported'), output
        assert (status == 0) == (answer['status'] == 'Success'), output
        assert 'internal error' not in answer.get('message', ''), (case, output)
        assert b'Traceback' not in output
        assert answer['status'] == 'Success' or answer['message']
        callout = case[0] if case[0] in CALLOUTS else 'unknown'
        seen[callout, answer['status']] = seen.get((callout, answer['status']), 0) + 1

    fuzz()
    record_property('cases', sum(seen.values()))
    print(f'{sum(seen.values())} callouts:', ', '.join(f'{callout} {status}: {count}' for (callout, status), count in sorted(seen.items())))
    assert sum(seen.values()) >= CASES
    # A fuzzer that never gets past the front door tests nothing.
    assert seen['mount', 'Success'] > CASES / 50
    assert seen['mount', 'Failure'] > CASES / 50
