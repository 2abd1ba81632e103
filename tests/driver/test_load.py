# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many callouts at once and many in a row; the driver killed anywhere."""

import itertools
import os
import random
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import mortal
import pytest
from node import ENVIRONMENT

AT_ONCE = 64


def cycle(node, number: int) -> float:
    """Mount, use and unmount one volume; return the seconds that the driver took."""
    uid = f'u{number}'
    mount_dir = node.mount_dir(uid)
    start = time.monotonic()
    mounted = node.mount(uid)
    spent = time.monotonic() - start
    assert mounted.status == 'Success', mounted
    (mount_dir / 'file').write_text(uid)
    start = time.monotonic()
    unmounted = node.unmount(uid)
    spent += time.monotonic() - start
    assert unmounted.status == 'Success', unmounted
    node.forget_pod(uid)
    return spent


def test_many_callouts_at_once(make_node, soak):
    node = make_node(retention='delete', layout='{namespace}/{uid}/{volume}', by_pod=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: cycle(node, number), range(soak(256, 2560))))
    assert node.mounts() == []
    assert node.left_in_base() == []


def test_one_pods_volumes_at_once(make_node):
    node = make_node(retention='delete', layout='{namespace}/{pod}/{uid}/{volume}')
    volumes = [f'v{number}' for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert {answer.status for answer in pool.map(lambda volume: node.mount('u1', volume), volumes * 2)} == {'Success'}
        assert len(node.mounts()) == AT_ONCE
        assert {answer.status for answer in pool.map(lambda volume: node.unmount('u1', volume), volumes * 2)} == {'Success'}
    assert node.mounts() == []
    assert node.left_in_base() == []


def test_the_same_callout_at_once_does_not_stack(node):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert {answer.status for answer in pool.map(lambda _number: node.mount('u1'), range(AT_ONCE))} == {'Success'}
    assert node.mounts() == [str(node.mount_dir('u1'))]


def test_prune_beside_callouts(make_node):
    node = make_node(retention='delete')
    with ThreadPoolExecutor(AT_ONCE) as pool:
        prunes = [pool.submit(node.prune) for _time in range(50)]
        list(pool.map(lambda number: cycle(node, number), range(200)))
    assert {prune.result().exit_status for prune in prunes} == {0}
    assert node.left_in_base() == []


def test_many_cycles(make_node, soak, record_property):
    node = make_node(retention='delete')
    took = [cycle(node, number) for number in range(soak(200, 10000))]
    assert node.mounts() == []
    assert node.left_in_base() == []
    first, last = (statistics.median(part) * 1000 for part in (took[:100], took[-100:]))
    record_property('milliseconds', (first, last))
    print(f'{len(took)} cycles: the first hundred took {first:.1f} ms each, the last hundred {last:.1f} ms')


class Killer:
    """Starts callouts and kills them at random moments of the time that a mount takes on this machine now."""

    def __init__(self, node):
        self.node = node
        self.kills = 0
        seed = int(os.environ.get('SEED') or time.time())
        print(f'SEED={seed}')
        self.chance = random.Random(seed)
        start = time.monotonic()
        node.mount('trial')
        self.longest = time.monotonic() - start
        node.unmount('trial')
        node.forget_pod('trial')

    def strike(self, callout: str, uid: str):
        with subprocess.Popen(self.node.callout(callout, uid), stdout=subprocess.DEVNULL, env=ENVIRONMENT, cwd='/') as process:
            time.sleep(self.chance.uniform(0.3, 1) * self.longest)
            process.kill()
        self.kills += process.returncode < 0


@pytest.mark.parametrize('config', [{}, {'retention': 'delete'}, {'by_pod': True, 'mode': '0700', 'retention': 'delete'}])
def test_killed_anywhere(make_node, soak, config):
    """Killed at a random moment, then called again as the kubelet does: that call succeeds, and nothing is stacked or left."""
    node = make_node(**config)
    killer = Killer(node)
    for number in range(soak(20, 200)):
        uid = f'u{number}'
        mount_dir = node.mount_dir(uid)
        for call in (lambda uid=uid: node.mount(uid), lambda uid=uid: node.unmount(uid)):
            killer.strike('unmount' if node.mounts() else 'mount', uid)
            answer = call()
            assert answer.status == 'Success', answer
            assert len(node.mounts()) <= 1
            if node.mounts():
                assert os.statvfs(mount_dir).f_flag & (os.ST_NOSUID | os.ST_NODEV) == os.ST_NOSUID | os.ST_NODEV
                (mount_dir / 'directory').mkdir(exist_ok=True)
        assert node.mounts() == []
        node.forget_pod(uid)
    node.prune()
    if config:
        assert node.left_in_base() == []
    assert killer.kills > 0


@pytest.mark.parametrize('asked_again', [True, False])
@pytest.mark.parametrize('config', [
    {'retention': 'delete'}, {'by_pod': True, 'retention': 'delete'}, {'layout': '{namespace}/{pod}/{uid}/{volume}', 'size': '8Mi', 'retention': 'delete'}])
def test_killed_before_each_change(make_node, config, asked_again):
    """Killed before its first change to the file system, its second, and so on: whether the kubelet asks again or the pod is gone, nothing is left."""
    node = make_node(**config)
    for callout in ('mount', 'unmount'):
        for changes in itertools.count():
            uid = f'{callout}{changes}'
            if callout == 'unmount':
                assert node.mount(uid).status == 'Success'
            died = dies(node, changes, callout, uid)
            if asked_again:
                assert getattr(node, callout)(uid).status == 'Success'
            # What the kubelet sees mounted, it has unmounted.
            if str(node.mount_dir(uid)) in node.mounts():
                assert node.unmount(uid).status == 'Success'
            forget_and_find_nothing_left(node, uid, f'killed before change {changes} of {callout}')
            if not died:
                break
        assert changes > 20


@pytest.mark.parametrize('config', [{'by_pod': True, 'retention': 'delete'}])
def test_killed_before_each_change_of_a_mount_that_fails(make_node, config):
    """A mount that fails takes back what it made; killed while it does, it leaves that to prune."""
    node = make_node(**config)
    for changes in itertools.count():
        uid = f'u{changes}'
        mount_dir = node.mount_dir(uid)
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', mount_dir], check=True)
        died = dies(node, changes, 'mount', uid)
        if not died:
            assert node.left_in_base() == []
        subprocess.run(['umount', mount_dir], check=True)
        forget_and_find_nothing_left(node, uid, f'killed before change {changes}')
        if not died:
            break
    assert changes > 20


def dies(node, changes: int, callout: str, uid: str) -> bool:
    """Make a callout that may change so many things before it dies; return whether it died."""
    command = [sys.executable, mortal.__file__, str(changes), *node.callout(callout, uid)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT, cwd='/', check=False).returncode == mortal.DIED


def forget_and_find_nothing_left(node, uid: str, when: str):
    """Let the pod go and prune; what the callouts made is then gone."""
    node.forget_pod(uid)
    assert node.prune().exit_status == 0
    assert (node.left_in_base(), node.mounts()) == ([], []), when


def test_killed_while_it_makes_an_image(make_node, soak):
    node = make_node(layout='{namespace}/{pod}/{uid}/{volume}', size='8Mi', retention='delete')
    killer = Killer(node)
    for number in range(soak(10, 100)):
        uid = f'u{number}'
        killer.strike('mount', uid)
        assert node.mount(uid).status == 'Success'
        assert len(node.mounts()) == 2
        assert node.unmount(uid).status == 'Success'
        assert node.mounts() == []
        node.forget_pod(uid)
    node.prune()
    assert node.left_in_base() == []
    assert node.loops() == []
    assert killer.kills > 0
