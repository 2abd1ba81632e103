# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import trust

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root may give a directory away')
EVE = 65534


@pytest.fixture
def root(tmp_path):
    """A root directory of the tests' own, which is nobody else's."""
    for path in ('data/plugins', 'home/eve/deep', 'tmp/ours', 'tmp/theirs', 'etc'):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / 'etc' / 'file').write_text('')
    (tmp_path / 'tmp').chmod(0o1777)
    return tmp_path


def doubted(root, path):
    found = trust.doubt(path, str(root))
    return found and found.path


@pytest.mark.parametrize('path', ['/', '/data', '/data/plugins', '/data//plugins/.', '/data/../data/plugins', '/etc/file', '/etc/file/x', '/data/missing/x',
                                  '/tmp/ours'])
def test_what_only_root_can_change_is_believed(root, path):
    assert doubted(root, path) is None


@pytest.mark.parametrize('path', ['/tmp', '/tmp/missing', '/data/../tmp', '/tmp/ours/..'])
def test_where_anybody_can_make_something_nothing_is_believed(root, path):
    assert doubted(root, path) in ('/tmp', '/tmp/missing')


@as_root
@pytest.mark.parametrize(('path', 'culprit'), [
    ('/home/eve', '/home/eve'), ('/home/eve/deep', '/home/eve'), ('/home/eve/deep/x/y', '/home/eve'),
    ('/tmp/theirs', '/tmp/theirs'), ('/tmp/theirs/x', '/tmp/theirs')])
def test_a_directory_of_somebody_elses_on_the_way_is_named(root, path, culprit):
    for directory in ('home/eve', 'tmp/theirs'):
        os.chown(str(root / directory), EVE, EVE)
    assert doubted(root, path) == culprit


@as_root
def test_a_file_of_somebody_elses_is_named(root):
    os.chown(str(root / 'etc' / 'file'), EVE, 0)
    assert doubted(root, '/etc/file') == '/etc/file'
    with pytest.raises(NodeError, match=rf'^The config file /etc/file is not believed, because /etc/file belongs to .*uid {EVE}.*: let root alone own '):
        trust.demand('/etc/file', 'The config file', str(root))


@as_root
@pytest.mark.parametrize(('group', 'mode', 'believed'), [(0, 0o775, True), (50, 0o775, False), (50, 0o755, True), (0, 0o757, False), (0, 0o700, True)])
def test_the_mode_decides_with_the_group(root, group, mode, believed):
    os.chown(str(root / 'data'), 0, group)
    (root / 'data').chmod(mode)
    assert (doubted(root, '/data/plugins') is None) == believed


@as_root
def test_an_acl_for_somebody_else_is_seen_through_the_mask(root, monkeypatch):
    (root / 'data').chmod(0o775)
    monkeypatch.setattr(trust.os, 'getxattr', lambda path, name: b'\2' if path.endswith('/data') and name == 'system.posix_acl_access' else b'')
    assert doubted(root, '/data/plugins') == '/data'


@as_root
@pytest.mark.parametrize(('target', 'culprit'), [
    ('/data/plugins', None), ('../data/plugins', None), ('/home/eve/deep', '/home/eve'), ('../home/eve', '/home/eve'), ('/tmp', '/tmp'), ('link', None)])
def test_links_are_followed_below_the_same_root(root, target, culprit):
    os.chown(str(root / 'home' / 'eve'), EVE, EVE)
    (root / 'etc' / 'link').symlink_to(target)
    assert doubted(root, '/etc/link') == culprit


@as_root
def test_a_link_that_somebody_put_where_everybody_may_is_named(root):
    link = root / 'tmp' / 'link'
    link.symlink_to('/data')
    assert doubted(root, '/tmp/link/plugins') is None
    os.lchown(str(link), EVE, EVE)
    assert doubted(root, '/tmp/link/plugins') == '/tmp/link'


def test_a_file_system_of_ones_own_is_not_believed_by_the_owner_that_it_states(root, monkeypatch):
    """As fusermount mounts one in a sticky directory, with whatever owner the user likes."""
    real = os.lstat

    def lstat(path):
        status = list(real(path))
        return os.stat_result(status[:2] + [4242] + status[3:]) if str(path).endswith('/ours') else os.stat_result(status)

    monkeypatch.setattr(trust.os, 'lstat', lstat)
    assert doubted(root, '/tmp/ours/x') == '/tmp/ours'
