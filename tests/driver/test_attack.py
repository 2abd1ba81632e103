# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant at work inside its volume, and a local user at work wherever the base lets one, while the driver mounts beside them and deletes behind them."""

import ctypes
import json
import os
import sys
import time

import pytest
from test_driver import LONG_AGO

NOBODY = 65534
# Exchange two names again and again, as fast as can be: argv holds a user, a directory and the pairs.
SWAP = '''
import ctypes, os, sys
os.chdir(sys.argv[2])
os.setgroups([])
os.setresgid(*[int(sys.argv[1])] * 3)
os.setresuid(*[int(sys.argv[1])] * 3)
pairs = [tuple(os.fsencode(name) for name in pair.split(',')) for pair in sys.argv[3:]]
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


def give(path):
    """Give a directory, with all that is in it, to the local user."""
    for entry in (path, *path.rglob('*')):
        os.chown(entry, NOBODY, NOBODY, follow_symlinks=False)


def set_up_base(node, base):
    """Make a base as a local user would want it: a link for each place, and a record that ended long ago of something outside."""
    state = base / '.state/planted'
    state.mkdir(parents=True)
    (base / 'default/pod-u1/u1').mkdir(parents=True)
    record = {'namespace': 'default', 'pod': 'planted', 'directory': '../outside/planted', 'mount_dir': str(node.mount_dir('planted'))}
    (state / 'logs').write_text(json.dumps(record))
    os.utime(state / 'logs', (LONG_AGO, LONG_AGO))
    (base / 'link').symlink_to(node.outside)


def in_a_home(node):
    """The base lies in a directory of the user's, who has made another."""
    home = node.root / 'home'
    home.mkdir()
    (home / 'base').mkdir(mode=0o700)
    (home / 'link').symlink_to(node.outside)
    set_up_base(node, home / 'other')
    give(home / 'other')
    os.chown(home, NOBODY, NOBODY)
    node.base = home / 'base'
    node.configure(base=str(node.base), by_pod=True, retention='1h')
    return home, ['base,other', 'base,link'], 'home: others than root can write to it'


def in_a_base_for_all(node):
    """The base is everybody's, as /tmp is not even."""
    set_up_base(node, node.base)
    give(node.base)
    os.chown(node.base, 0, 0)
    node.base.chmod(0o777)
    return node.base, ['.state,link', 'default,link'], f'base {node.base}: others than root can write to it'


def in_the_records(node):
    """The base is root's now, but the records were made by the user while it was not."""
    set_up_base(node, node.base)
    state = node.base / '.state'
    (state / 'u1').mkdir()
    (state / 'link').symlink_to(node.outside)
    give(state)
    return state, ['u1,link', 'planted,u1'], '.state: others than root can write to it'


def beside_the_base(node):
    """The base is root's, in a directory where everybody may write but nobody exchange what is another's."""
    shared = node.root / 'shared'
    shared.mkdir()
    shared.chmod(0o1777)
    node.base = shared / 'base'
    node.base.mkdir(mode=0o700)
    (shared / 'link').symlink_to(node.outside)
    set_up_base(node, shared / 'other')
    give(shared / 'other')
    node.configure(base=str(node.base), by_pod=True, retention='1h')
    return shared, ['base,other', 'base,link'], None


@pytest.mark.parametrize('place', [in_a_home, in_a_base_for_all, in_the_records, beside_the_base])
def test_a_local_user_exchanges_what_leads_to_a_volume(make_node, soak, background, place):
    node = make_node(by_pod=True, retention='1h')
    (node.outside / 'planted').mkdir()
    directory, pairs, refusal = place(node)
    before = node.state_outside()
    attacker = background(sys.executable, '-c', SWAP, str(NOBODY), directory, *pairs)
    for number in range(soak(30, 1000)):
        answer = node.mount('u1')
        assert (answer.status == 'Success') == (refusal is None), answer
        assert refusal is None or refusal in answer.message or 'symbolic link' in answer.message
        assert node.unmount('u1').status == 'Success'
        if not number % 10:
            node.prune()
    assert attacker.poll() is None
    assert node.state_outside() == before
    assert node.mounts() == []


def test_directories_swapped_for_symlinks_while_mounts_run(make_node, soak, background):
    # The tenant's volume is default/shared; another volume is mounted from inside of it. Whatever the driver touches gets mode 0700 and an owner.
    node = make_node(layout='{namespace}/shared', owner=4242, mode='0700', pod_options={'subdirectory': {}})
    assert node.mount('tenant').status == 'Success'
    shared = node.mount_dir('tenant')
    (shared / 'sub').mkdir()
    (shared / 'link').symlink_to(node.outside)
    (shared / 'up').symlink_to('../../../outside')
    before = node.state_outside()
    background(sys.executable, '-c', SWAP, '0', shared, 'sub,link', 'sub,up')

    outcomes = {'Success': 0, 'Failure': 0}
    for _number in range(soak(50, 1000)):
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
        tenant = background(sys.executable, '-c', SWAP, '0', mount_dir, 'a,link', 'b,link', 'c,a/link', 'a/deep,link')
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
