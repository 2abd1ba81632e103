# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import pickle
import socket
import stat
import subprocess

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import enclosure, mounts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root can make a mount namespace')
# Where tmp_path lies there may be no room for what an overlay of it makes of sockets.
NAME = 'enclosure-test'


def inside(play):
    """Return what C(play) returns of an Enclosure, in a process that has entered one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = play(enclosure.enter(NAME, ('/no/pods/',)))
        except BaseException as error:
            result = error
        with open(writing, 'wb') as stream:
            pickle.dump(result, stream)
        os._exit(0)
    os.close(writing)
    with open(reading, 'rb') as stream:
        result = pickle.load(stream)
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


@pytest.fixture
def tree(tmp_path):
    (tmp_path / 'changed').write_text('before')
    (tmp_path / 'gone').write_text('before')
    (tmp_path / 'touched').write_text('before')
    (tmp_path / 'empty').mkdir()
    return tmp_path


def write(tree):
    (tree / 'changed').write_text('longer than before')
    (tree / 'gone').unlink()
    (tree / 'touched').write_text('before')
    (tree / 'new' / 'below').mkdir(parents=True)
    (tree / 'new' / 'below' / 'file').write_text('new')
    (tree / 'empty' / 'coming').write_text('')
    (tree / 'empty' / 'coming').unlink()


def test_what_is_written_is_told_and_stays_inside(tree):
    def play(entered):
        write(tree)
        return [(path[len(str(tree)) + 1:], what) for path, what in entered.written() if path.startswith(f'{tree}/')], (tree / 'changed').read_text()
    assert inside(play) == ([('changed', 'changed'), ('gone', 'removed'), ('new', 'new'), ('new/below', 'new'), ('new/below/file', 'new')],
                            'longer than before')
    assert sorted(path.name for path in tree.iterdir()) == ['changed', 'empty', 'gone', 'touched']
    assert (tree / 'changed').read_text() == 'before'


def test_mounts_stay_inside(tree):
    def play(entered):
        subprocess.run(['mount', '-t', 'tmpfs', NAME, str(tree / 'empty')], check=True)
        known = {mount.mount_id for mount in entered.table}
        return [mount.path for mount in mounts.read() if mount.mount_id not in known]
    assert inside(play) == [str(tree / 'empty')]
    assert not os.path.ismount(str(tree / 'empty'))


def test_each_file_system_is_covered_as_what_it_is(tree):
    """A file system of its own, one that is read-only, and a file that lies over another; each in a namespace of this test's own."""
    def play():
        enclosure._check(enclosure._libc.unshare(enclosure.CLONE_NEWNS), 'unshare')
        enclosure._mount(None, '/', None, enclosure.MS_REC | enclosure.MS_PRIVATE)
        for name, options in (('own', 'mode=0700,noexec'), ('fixed', 'ro')):
            (tree / name).mkdir()
            subprocess.run(['mount', '-t', 'tmpfs', '-o', options, NAME, str(tree / name)], check=True)
        subprocess.run(['mount', '--bind', str(tree / 'changed'), str(tree / 'gone')], check=True)
        entered = enclosure.enter(NAME, ('/no/pods/',))
        (tree / 'own' / 'file').write_text('new')
        refused = [path for path in ('fixed/file', 'gone') if not _writable(tree / path)]
        return entered.uncovered, os.statvfs(str(tree / 'own')).f_flag & os.ST_NOEXEC > 0, stat.S_IMODE((tree / 'own').stat().st_mode), refused
    assert _in_a_process(play) == ([], True, 0o700, ['fixed/file', 'gone'])


def _writable(path):
    try:
        path.write_text('x')
    except OSError:
        return False
    return True


def _in_a_process(play):
    reading, writing = os.pipe()
    if os.fork() == 0:
        with open(writing, 'wb') as stream:
            try:
                pickle.dump(play(), stream)
            except BaseException as error:
                pickle.dump(error, stream)
        os._exit(0)
    os.close(writing)
    with open(reading, 'rb') as stream:
        result = pickle.load(stream)
    os.wait()
    return result


def test_a_socket_reaches_who_listens(tmp_path):
    path = str(tmp_path / 'journal')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(10)

        def play(_entered):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b'hello', path)
        inside(play)
        assert listening.recv(10) == b'hello'


def test_volumes_of_pods_are_not_there(tree):
    assert enclosure._held((f'{tree}/', '/plugins/')) == enclosure._held(('/no/pods/', '/plugins/'))
    containers = mounts.Mount(9, '/', '/run/containerd/io.containerd.runtime.v2.task/k8s.io/1/rootfs', frozenset(), 'overlay', 'overlay')
    assert enclosure.CONTAINERS.search(containers.path)


def test_a_mount_that_another_hides_is_passed_over():
    assert enclosure._visible(mounts.Mount(0, '/', '/', frozenset(), 'ext4', '/dev/x')) is None
    assert enclosure._visible(mounts.Mount(0, '/', '/no/such/path', frozenset(), 'ext4', '/dev/x')) is None
