# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neighbours: somebody else's broken driver, of every kind, alone and two together, and what becomes of the healthy driver's pods.

Before 1.24 a kubelet that probes a healthy driver together with a broken one throws both away; a broken one that has an event of its own fails every
later probe as well. A pod is to run within 30 s of its first refusal, or 3 s where the kubelet is newer.
"""

import pytest
from conftest import SOAK
from node import DYNHOSTPATH, PLUGIN_DIR, RECORDS, directory, driver, executable
from nodes.pods import pod

ANSWER = '#!/bin/sh\n{first}\necho \'{{"status": "{status}", "capabilities": {{"attach": false}}}}\'\n'
RESTARTED = '/run/restarted'
# Seconds that a driver hangs in its init: long enough to be felt, short enough to be waited for.
HANGS = 30
SCRIPTS = {
    'empty': 'true',
    'not-executable': "echo '#!/bin/sh' > {executable}",
    'prints-to-stderr': ANSWER.format(first='echo warning >&2', status='Success'),
    'dangling-link': 'ln -s /nowhere {executable}',
    'init-fails': ANSWER.format(first='', status='Failure'),
    'init-fails-after-a-restart': ANSWER.format(first=f'[ -e {RESTARTED} ] && {{ echo "{{}}"; exit 1; }}', status='Success'),
    'init-hangs': ANSWER.format(first=f'[ -e {RESTARTED} ] && sleep {HANGS}', status='Success'),
}
KINDS = list(SCRIPTS)
PAIRS = [(kind, KINDS[number - 1]) for number, kind in enumerate(KINDS)]
# With an executable that fails, and an event of its own, only its owner can help.
WITHOUT_CURE = ('not-executable', 'prints-to-stderr', 'dangling-link', 'init-fails')
# What is no driver directory: never probed but after an event of its own, and then for ever by a kubelet before 1.24.
MISFITS = {
    'README': 'echo Drivers. > {path}',
    'example.com~file': 'cp /bin/true {path}',
    'example.com~link': 'mkdir -p /srv/nothing; ln -s /srv/nothing {path}',
}
LIMIT = {'old': 30, 'new': 3}


def neighbour(kind: str) -> str:
    return f'example.com/{kind}'


def make(node, *kinds: str):
    """Put the broken drivers into the plugin dir in one step each, as an installer that knows what it does would."""
    for kind in kinds:
        hidden = f'{PLUGIN_DIR}/.{kind}'
        script = SCRIPTS[kind]
        node.shell(f'mkdir {hidden}')
        if script.startswith('#!'):
            node.write(f'{hidden}/{kind}', script, mode='0755')
        else:
            node.shell(script.format(executable=f'{hidden}/{kind}'))
        node.shell(f'mv {hidden} {directory(neighbour(kind))}')


@pytest.fixture
def age(node):
    """Say whether the kubelet is one that a broken driver confuses."""
    version = node.module('node_info')['kubelet']['version']
    return 'old' if tuple(int(part) for part in version[1:].split('.')[:2]) < (1, 24) else 'new'


@pytest.fixture
def healthy(node):
    """The healthy driver, with its timer, on a node without neighbours; afterwards all neighbours are gone."""
    node.shell(f'rm -f {RESTARTED}')
    node.deploy(driver())
    yield driver()
    remove(node, *KINDS)
    # Before the restart: a 1.20 without an API server panics over the volume of a pod whose driver it does not know as it starts.
    node.clear()
    node.shell(f'rm -f {RESTARTED}')
    node.restart()


def remove(node, *kinds: str):
    """Remove neighbours as the advice says: the executable first."""
    for kind in kinds:
        node.shell(f'rm -f {executable(neighbour(kind))}; rm -rf {directory(neighbour(kind))}')


def restart(node):
    node.restart()


def reboot(node):
    node.nodes.reboot(node.name)
    node.wait_healthy()


# Which kinds, and what the kubelet is started by: a short run takes one pair.
CASES = [(kinds, again) for kinds in [(kind,) for kind in KINDS] + PAIRS for again in (restart, reboot)]
SHORT = [(('init-fails-after-a-restart', 'not-executable'), restart)]


@pytest.mark.parametrize(('kinds', 'again'), CASES if SOAK else SHORT, ids=lambda value: getattr(value, '__name__', None) or '+'.join(value))
def test_after_a_restart_and_a_reboot(node, healthy, age, kinds, again, soak, figure, say):
    """The neighbours are there when the kubelet starts, and a pod waits from its first moment on."""
    seconds, times = [], soak(1, 10)
    for number in range(1, times + 1):
        make(node, *kinds)
        web = pod('web', DYNHOSTPATH)
        # A reboot empties /run, so that what fails after a restart alone has to be told again.
        node.write('/etc/tmpfiles.d/restarted.conf', f'f {RESTARTED}\n')
        node.shell(f'touch {RESTARTED}; systemctl stop kubelet')
        node.put(web)
        since = node.now()
        again(node)
        node.wait_running(web)
        seconds.append(node.seconds_refused(web, since))
        say('%s beside %s, %d of %d: %.1f s', again.__name__, ' and '.join(kinds), number, times, seconds[-1])
        node.remove(web)
        node.wait_gone(web)
        node.shell(f'rm -f {RESTARTED} /etc/tmpfiles.d/restarted.conf')
        remove(node, *kinds)
        restart(node)
    figure(f'seconds from the first refusal to the mounted volume after a {again.__name__} beside broken drivers of {len(KINDS)} kinds, alone and two together',
           seconds, 'until touched')
    assert max(seconds) < LIMIT[age]


@pytest.mark.skipif(not SOAK, reason='half a minute, and what heals is shown by a new driver beside such a neighbour as well')
def test_touched_after_a_restart(node, healthy, age):
    """Case C: an empty neighbour is touched 8 s after the restart. What a plain touch of the healthy one cannot cure, the timer does."""
    make(node, 'empty')
    since = node.start_beside_broken_driver()
    node.shell(f'sleep 8; touch {directory(neighbour("empty"))}')
    web = pod('web', DYNHOSTPATH)
    node.put(web)
    node.wait_running(web)
    assert node.seconds_refused(web, since) < LIMIT[age]


def test_ours_that_fails_after_a_restart_is_left_alone(node, healthy, age, version):
    """Case A: two drivers of ours, one of which fails after a restart. Its timer must not touch it."""
    node.write('/srv/moody', SCRIPTS['init-fails-after-a-restart'], mode='0755')
    moody = driver('example.com/moody', src='/srv/moody', remote_src=True)
    node.deploy(healthy, moody, flexvolume_validate=False)
    web = pod('web', DYNHOSTPATH)
    node.shell(f'touch {RESTARTED}; systemctl stop kubelet')
    node.put(web)
    since = node.now()
    node.restart()
    node.wait_running(web)
    assert node.seconds_refused(web, since) < LIMIT[age]
    touched = node.touches('example.com/moody', 20)
    assert touched == []
    assert 'example.com/moody is not touched: ' in node.shell('journalctl --no-pager --unit=flexvolume-touch-example.com-moody.service')


def test_a_new_driver_beside_a_neighbour_without_an_executable(node, healthy, age):
    """Case D: an empty directory is made while the kubelet runs, then a driver is deployed."""
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
    make(node, 'empty')
    other = driver('example.com/other')
    node.deploy(healthy, other)
    web, since = pod('web', 'example.com/other'), node.now()
    node.put(web)
    node.wait_running(web)
    assert node.seconds_refused(web, since) < LIMIT[age]


@pytest.mark.parametrize('kind', WITHOUT_CURE if SOAK else WITHOUT_CURE[-1:])
def test_what_only_its_owner_can_mend_is_named(node, healthy, age, kind):
    """A driver that fails, with an event of its own: a kubelet before 1.24 loads no other one any more, and the collection says so before and after."""
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
    make(node, kind)
    other = driver('example.com/other')
    said = node.refusal('nodeops.flexvolume.deploy', healthy, other, flexvolume_strict_neighbours=True) if age == 'old' else neighbour(kind)
    assert neighbour(kind) in said
    said = node.deploy(healthy, other)
    assert [name for name in map(neighbour, KINDS) if f'{name}: ' in ' '.join(said.split())] == ([neighbour(kind)] if age == 'old' else [])
    web, since = pod('web', 'example.com/other'), node.now()
    node.put(web)
    if age == 'old':
        node.wait_until(lambda: len(node.refusals(web, since)) >= 2, 'refused', web)
        troubles = {(each['trouble'], each['driver']) for each in node.module('node_info')['troubles']}
        assert ('hides_others', None) in troubles and ('not_registered', 'example.com/other') in troubles
        # The advice, as it stands.
        remove(node, kind)
    node.wait_running(web)
    assert {each['trouble'] for each in node.module('node_info')['troubles']} <= ({'init_fails', 'not_executable', 'no_executable'} if age == 'new' else set())
    assert node.registered() == {DYNHOSTPATH: True, 'example.com/other': True}


@pytest.mark.parametrize('name', list(MISFITS) if SOAK else ['README'])
def test_what_is_no_driver_directory_is_named(node, healthy, age, name):
    """Somebody leaves a file in the plugin dir: a kubelet before 1.24 loads no driver any more until it is deleted."""
    path, other = f'{PLUGIN_DIR}/{name}', driver('example.com/other')
    assert node.known(DYNHOSTPATH) == [DYNHOSTPATH]
    node.shell(MISFITS[name].format(path=path))
    said = ' '.join(node.deploy(healthy, other).split())
    assert (f'Delete {path}' in said) is (age == 'old')
    web, since = pod('web', 'example.com/other'), node.now()
    node.put(web)
    if age == 'old':
        node.wait_until(lambda: len(node.refusals(web, since)) >= 2, 'refused', web)
        [trouble] = [each for each in node.module('node_info')['troubles'] if each['trouble'] == 'hides_others']
        assert f'Delete {path}' in trouble['advice']
        node.shell(f'rm {path}')
    node.wait_running(web)
    assert {each['trouble'] for each in node.module('node_info')['troubles']} <= ({'stray', 'symlink', 'no_executable'} if age == 'new' else set())


def test_a_neighbour_that_is_moved_away_is_forgotten(node, healthy, age, say):
    """Its name is probed for ever by a kubelet before 1.24, which loads no driver any more; the touch timer, which has seen it, clears that."""
    name, moved = neighbour('empty').replace('/', '~'), driver(neighbour('empty'), host_paths=[])
    node.deploy(moved, flexvolume_touch_timer=False)
    node.wait_until(lambda: name in node.shell(f'cat {RECORDS}/healed.json || :'), 'seen')
    assert node.known(neighbour('empty')) == [neighbour('empty')]
    node.shell(f'rm -rf /srv/{name}; mv {directory(neighbour("empty"))} /srv/{name}')
    # Until somebody looks, a kubelet before 1.24 loads nothing: the deploy makes it probe, the pod what comes after.
    other = driver('example.com/other')
    node.deploy(healthy, other)
    web, since = pod('web', 'example.com/other'), node.now()
    node.put(web)
    node.wait_running(web)
    say('%.1f s after the first refusal', node.seconds_refused(web, since))
    assert node.module('node_info')['troubles'] == []
