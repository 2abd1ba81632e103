# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import mounts
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system.mounts import Mount


def mount(path, **fields):
    return Mount(**dict(dict(mount_id=1, root='/', path=path, options=frozenset(('rw',)), fs_type='ext4', source='/dev/sda1'), **fields))


def escape(text):
    return ''.join(f'\\{ord(character):03o}' if character in ' \t\n\\' else character for character in text)


def test_a_line_with_optional_fields_is_read():
    assert mounts.parse('36 35 98:0 /mnt1 /mnt2 rw,noexec master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue\n') == Mount(
        36, '/mnt1', '/mnt2', frozenset(('rw', 'noexec')), 'ext3', '/dev/root')


def test_a_line_without_optional_fields_and_without_a_source_is_read():
    assert mounts.parse('36 35 0:5 / /tmp rw - tmpfs  rw') == Mount(36, '/', '/tmp', frozenset(('rw',)), 'tmpfs', '')


def test_a_file_system_that_turned_read_only_is_read_only_though_its_mount_is_not():
    assert 'ro' in mounts.parse('22 1 8:1 / / rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro').options


@given(st.text(st.characters(blacklist_characters='\0', blacklist_categories=('Cs',)), max_size=8), st.text(alphabet='ab \\-\t\n#', max_size=8))
def test_whatever_a_path_and_a_source_hold_they_are_read_back(name, source):
    line = f'36 35 98:0 {escape("/" + source)} {escape("/" + name)} rw master:1 - ext3 {escape(source)} rw\n'
    parsed = mounts.parse(line)
    assert (parsed.path, parsed.root, parsed.source) == ('/' + name, '/' + source, source)


def test_a_carriage_return_in_a_path_ends_no_line(tmp_path):
    (tmp_path / '7').mkdir()
    (tmp_path / '7' / 'mountinfo').write_bytes(b'22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:5 / /odd\rname rw - tmpfs t rw\n')
    assert [found.path for found in mounts.read(7, str(tmp_path))] == ['/', '/odd\rname']


def test_only_the_mounts_that_bear_a_name_are_read_if_there_is_one(tmp_path):
    (tmp_path / '7').mkdir()
    (tmp_path / '7' / 'mountinfo').write_text('22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:5 / /mnt/abc rw - tmpfs t rw\nnot a line of mountinfo\n')
    assert [found.path for found in mounts.read(7, str(tmp_path), naming='abc')] == ['/mnt/abc']


def test_the_mounts_of_this_process_hold_proc():
    assert mounts.at('/proc', mounts.read())[-1].fs_type == 'proc'


def test_stacked_mounts_are_all_found_at_their_path_and_neighbours_are_not():
    table = [mount('/'), mount('/a', mount_id=2), mount('/a', mount_id=3), mount('/ab'), mount('/a/b')]
    assert [found.mount_id for found in mounts.at('/a', table)] == [2, 3]
    assert [found.path for found in mounts.below('/a', table)] == ['/a', '/a', '/a/b']


@pytest.mark.parametrize('path, holder', [('/', '/'), ('/ab', '/'), ('/a', '/a'), ('/a/missing/deep', '/a'), ('/a/b', '/a/b')])
def test_a_path_lies_on_the_mount_nearest_above_it(path, holder):
    assert mounts.holding(path, [mount('/a/b'), mount('/'), mount('/a')]).path == holder


def test_of_stacked_mounts_the_last_one_holds_a_path():
    assert mounts.holding('/a/b', [mount('/'), mount('/a', mount_id=2), mount('/a', mount_id=3)]).mount_id == 3


def test_a_path_lies_where_its_symbolic_link_leads(tmp_path):
    (tmp_path / 'link').symlink_to('/proc')
    assert mounts.holding(str(tmp_path / 'link' / 'self'), [mount('/'), mount('/proc'), mount(str(tmp_path))]).path == '/proc'


def test_in_a_chroot_whose_root_is_no_mount_point_everything_lies_on_the_root():
    assert mounts.holding('/usr', []).path == '/'
    assert ('ro' in mounts.holding('/usr', []).options) == bool(os.statvfs('/').f_flag & os.ST_RDONLY)
