# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant at work inside its volume while the driver mounts beside it and deletes behind it."""

import ctypes
import os
import sys
import time

# Exchange two names again and again, as fast as can be: argv holds a directory and the pairs.
SWAP = '''
import ctypes, os, sys
os.chdir(sys.argv[1])
pairs = [tuple(os.fsencode(name) for name in pair.split(',')) for pair in sys.argv[2:]]
libc = ctypes.CDLL(None)
while True:
    for one, other in pairs:
        libc.renameat2(-100, one, -100, other, 2)
'''


def test_exchange_is_what_the_tenant_does(tmp_path):
    """Without it the attacks below would prove nothing."""
    (tmp_path / 'one').write_text('one')
    (tmp_path / 'other').write_text('other')
    assert ctypes.CDLL(None).renameat2(-100, os.fsencode(tmp_path / 'one'), -100, os.fsencode(tmp_path / 'other'), 2) == 0
    assert (tmp_path / 'one').read_text() == 'other'


def test_directories_swapped_for_symlinks_while_mounts_run(make_node, soak, background):
    # The tenant's volume is default/shared; another volume is mounted from inside of it. Whatever the driver touches gets mode 0700 and an owner.
    node = make_node(layout='{namespace}/shared', owner=4242, mode='0700', pod_options={'subdirectory': {}})
    assert node.mount('tenant').status == 'Success'
    shared = node.mount_dir('tenant')
    (shared / 'sub').mkdir()
    (shared / 'link').symlink_to(node.outside)
    (shared / 'up').symlink_to('../../../outside')
    before = node.state_outside()
    background(sys.executable, '-c', SWAP, shared, 'sub,link', 'sub,up')

    outcomes = {'Success': 0, 'Failure': 0}
    for _number in range(soak(100, 1000)):
        answer = node.mount('u1', subdirectory='sub')
        outcomes[answer.status] += 1
        if answer.status == 'Success':
            assert os.stat(node.mount_dir('u1')).st_uid == 4242
            assert not (node.mount_dir('u1') / 'treasure').exists()
            assert node.unmount('u1').status == 'Success'
        else:
            assert 'default/shared/sub' in answer.message
    assert node.state_outside() == before
    assert node.mounts() == [str(shared)]
    # Had the tenant never won or always lost, nothing would have been attacked.
    assert min(outcomes.values()) > 0, outcomes


def test_directories_swapped_for_symlinks_while_data_are_deleted(make_node, soak, background):
    node = make_node(retention='delete')
    before = node.state_outside()
    for number in range(soak(30, 300)):
        uid = f'u{number}'
        node.mount(uid)
        mount_dir = node.mount_dir(uid)
        for directory in ('a', 'b', 'c'):
            (mount_dir / directory / 'deep' / 'deeper').mkdir(parents=True)
        (mount_dir / 'link').symlink_to(node.outside)
        (mount_dir / 'a' / 'link').symlink_to('../../../../../outside')
        # Its own directory stays its working directory, wherever the driver moves it.
        tenant = background(sys.executable, '-c', SWAP, mount_dir, 'a,link', 'b,link', 'c,a/link', 'a/deep,link')
        time.sleep(0.05)
        node.unmount(uid)
        tenant.kill()
        tenant.wait()
        # A name that changed its kind between two calls may be left to prune.
        node.forget_pod(uid)
        node.prune()
    assert node.prune().exit_status == 0
    assert node.left_in_base() == []
    expected = [entry for entry in before if not isinstance(entry, list)]
    assert [entry for entry in node.state_outside() if not isinstance(entry, list)] == expected
