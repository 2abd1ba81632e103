# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import host_paths
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import mounts

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root may give a directory away')


def host_path(path, **keys):
    return dict(dict(path=str(path), owner=None, group=None, mode=None, selinux_type=None, own_mount=False, exec=False, min_free=None,
                     min_free_inodes=None), **keys)


def driver(*paths, state='present'):
    return dict(state=state, host_paths=list(paths))


def ensure(*paths, check=False, forbidden=()):
    return host_paths.ensure([driver(*paths)], list(forbidden), check)


def delete(leaving, staying=(), forbidden=(), check=False):
    drivers = [driver(*map(host_path, leaving), state='absent'), driver(*map(host_path, staying))]
    return host_paths.delete(drivers, list(forbidden), check)


def status_of(path):
    status = os.stat(str(path))
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


@as_root
def test_a_directory_is_made_as_asked_and_its_parents_are_roots(tmp_path):
    outcome = ensure(host_path(tmp_path / 'a' / 'b', owner='12', group='34', mode='2750'))
    assert (status_of(tmp_path / 'a'), status_of(tmp_path / 'a' / 'b')) == ((0o755, 0, 0), (0o2750, 12, 34))
    assert outcome.facts == {'host_paths': [str(tmp_path / 'a' / 'b')]}
    assert outcome.diff[0]['after'] == 'state: directory\nowner: 12\ngroup: 34\nmode: "2750"\n'
    assert not ensure(host_path(tmp_path / 'a' / 'b', owner='12', group='34', mode='02750')).changed


def test_check_mode_tells_and_makes_nothing(tmp_path):
    assert ensure(host_path(tmp_path / 'a' / 'b'), check=True).changed
    assert list(tmp_path.iterdir()) == []


@as_root
def test_a_directory_that_is_there_keeps_what_is_not_asked_for(tmp_path):
    (tmp_path / 'a').mkdir()
    os.chown(str(tmp_path / 'a'), 12, 34)
    (tmp_path / 'a').chmod(0o1777)
    assert not ensure(host_path(tmp_path / 'a')).changed
    assert ensure(host_path(tmp_path / 'a', mode='0700')).changed
    assert status_of(tmp_path / 'a') == (0o700, 12, 34)


@as_root
def test_what_is_taken_back_is_as_it_was(tmp_path):
    (tmp_path / 'old').mkdir(mode=0o700)
    outcome = ensure(host_path(tmp_path / 'old', owner='12', mode='0777'), host_path(tmp_path / 'new' / 'deep', mode='0700'))
    assert outcome.take_back() == []
    assert (os.listdir(str(tmp_path)), status_of(tmp_path / 'old')) == (['old'], (0o700, 0, 0))


def test_a_directory_in_another_one_may_stand_before_it_in_the_list(tmp_path):
    outcome = ensure(host_path(tmp_path / 'a' / 'b', mode='0700'), host_path(tmp_path / 'a', mode='0711'))
    assert (status_of(tmp_path / 'a')[0], status_of(tmp_path / 'a' / 'b')[0]) == (0o711, 0o700)
    assert outcome.take_back() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('path', ['relative', '', '.', './x', '/a/../b', '/..'])
def test_a_path_that_is_not_plain_and_absolute_is_refused(path):
    with pytest.raises(NodeError, match='is not absolute: write it from the root'):
        ensure(host_path(path))


@pytest.mark.parametrize('path', ['/a\0b', '/srv/a\nExecStartPre=/x', '/a\x7f'])
def test_a_path_that_would_be_more_than_one_line_of_a_unit_is_refused(path):
    with pytest.raises(NodeError, match='holds a control character'):
        ensure(host_path(path))


def test_one_directory_written_in_two_ways_is_one(tmp_path):
    assert ensure(host_path(tmp_path / 'a'), host_path(f'/{tmp_path}//a/./')).facts['host_paths'] == [str(tmp_path / 'a')]


def test_two_drivers_that_disagree_on_a_directory_are_refused(tmp_path):
    with pytest.raises(NodeError, match=r'Two drivers want the host path .*a with different settings'):
        host_paths.ensure([driver(host_path(tmp_path / 'a')), driver(host_path(tmp_path / 'a', mode='0700'))], [], False)


def test_a_symbolic_link_on_the_way_is_refused_with_the_path_that_it_means(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to('real')
    with pytest.raises(NodeError, match=rf'leads through the symbolic link {tmp_path}/link: write the path that it points to, {tmp_path}/real/x\.'):
        ensure(host_path(tmp_path / 'link' / 'x'))
    assert os.listdir(str(tmp_path / 'real')) == []


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(NodeError, match=rf'cannot be a directory because {tmp_path}/file is a file'):
        ensure(host_path(tmp_path / 'file' / 'x'))


@pytest.mark.parametrize('path, refused', [('/var/lib/kubelet', True), ('/var/lib/kubelet/pods/x', True), ('/var/lib/kubelet2', False), ('/var/lib', False)])
def test_a_directory_that_the_kubelet_manages_is_refused_but_not_its_neighbours(path, refused):
    try:
        ensure(host_path(path), forbidden=['/var/lib/kubelet'], check=True)
    except NodeError as error:
        assert refused and 'lies in /var/lib/kubelet, which the kubelet manages' in str(error)
    else:
        assert not refused


@pytest.mark.parametrize('keys, message', [
    (dict(mode='rwx'), "mode 'rwx' of the host path .* is not octal"),
    (dict(mode='493'), "mode '493' of the host path .* is not octal"),
    (dict(owner='no-such-user'), "owner 'no-such-user' .* is not known on this node"),
    (dict(owner='\u00b2'), 'owner .* is not known on this node'),
    (dict(owner='4294967295'), 'owner .* is not known on this node'),
    (dict(group='99999999999'), 'group .* is not known on this node'),
    (dict(group='-1'), 'group .* is not known on this node'),
    (dict(min_free='10GB'), "min_free '10GB' .* is no size"),
    (dict(min_free='1000000T'), 'has [0-9]+ bytes free, less than'),
])
def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path, keys, message):
    with pytest.raises(NodeError, match=message):
        ensure(host_path(tmp_path / 'first'), host_path(tmp_path / 'second', **keys))
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=6))
def test_any_owner_is_a_number_that_chown_takes_or_refused(text):
    try:
        number = host_paths._number(text, 0, host_paths.pwd.getpwnam, '/x', 'owner')
    except NodeError:
        return
    assert 0 <= number < (1 << 32) - 1


@given(st.integers(0, 1 << 50), st.sampled_from(sorted(host_paths.UNITS)))
def test_a_size_counts_in_powers_of_1024(number, unit):
    assert host_paths._bytes(f'{number}{unit}', '/x') == number * 1024 ** ' KMGT'.index(unit or ' ')


def mount(path, *options):
    return mounts.Mount(1, '/', path, frozenset(options), 'ext4', '/dev/sda1')


@pytest.mark.parametrize('keys, found, message', [
    (dict(own_mount=True), mount('/', 'rw'), 'lies on the root file system, though own_mount is asked for'),
    ({}, mount('/data', 'ro'), 'lies on /data, which is mounted read-only'),
    (dict(exec=True), mount('/data', 'rw', 'noexec'), 'lies on /data, which is mounted noexec'),
])
def test_a_file_system_that_is_not_fit_is_refused(keys, found, message):
    with pytest.raises(NodeError, match=message):
        host_paths._refuse_unfit(host_path('/data/x', **keys), found)


def test_deleting_tells_in_check_mode_what_it_then_deletes_and_is_done_once(tmp_path):
    (tmp_path / 'a' / 'deep').mkdir(parents=True)
    assert delete([tmp_path / 'a'], check=True).changed
    assert (tmp_path / 'a' / 'deep').exists()
    assert delete([tmp_path / 'a']).changed
    assert list(tmp_path.iterdir()) == []
    assert not delete([tmp_path / 'a']).changed


@pytest.mark.parametrize('leaving, staying', [('a', 'a'), ('a', 'a/b'), ('a/b', 'a')])
def test_data_of_a_driver_that_stays_is_kept(tmp_path, leaving, staying):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    assert not delete([tmp_path / leaving], [tmp_path / staying]).changed
    assert (tmp_path / 'a' / 'b').exists()


@pytest.mark.parametrize('order', [1, -1])
def test_a_directory_in_another_one_that_goes_goes_with_it(tmp_path, order):
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    outcome = delete([tmp_path / 'a', tmp_path / 'a' / 'b'][::order])
    assert ([entry['before_header'] for entry in outcome.diff], list(tmp_path.iterdir())) == ([str(tmp_path / 'a')], [])


def test_a_symbolic_link_in_the_data_is_not_followed(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'theirs').mkdir()
    (tmp_path / 'a' / 'link').symlink_to(tmp_path / 'theirs')
    delete([tmp_path / 'a'])
    assert os.listdir(str(tmp_path)) == ['theirs']


@pytest.mark.parametrize('path', ['/', '/tmp', '/var/lib'])
def test_a_directory_of_the_system_keeps_its_owner_and_mode(path):
    now = f'{stat.S_IMODE(os.stat(path).st_mode):04o}'
    assert not ensure(host_path(path), check=True).changed and not ensure(host_path(path, mode=now), check=True).changed
    with pytest.raises(NodeError, match=f'The host path {path} is a directory of the system, which others need as it is'):
        ensure(host_path(path, mode='0700'), check=True)


@pytest.mark.parametrize('path, forbidden', [('/var/lib', []), ('/usr', []), ('/proc/self', ['/proc/self/task'])])
def test_a_directory_of_the_system_is_not_deleted(path, forbidden):
    path = os.path.realpath(path)
    with pytest.raises(NodeError, match='is a directory of the system, so delete_data is refused'):
        delete([path], forbidden=[entry.replace('/proc/self', path) for entry in forbidden], check=True)


def test_nothing_is_deleted_across_a_mount(tmp_path):
    with pytest.raises(NodeError, match=rf'is not deleted because {tmp_path}/x is mounted in it: unmount that first'):
        host_paths._may_be_deleted(str(tmp_path), [], [mount('/'), mount(f'{tmp_path}/x')])
