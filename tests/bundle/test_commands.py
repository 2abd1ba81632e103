# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a bundle, on a node that knows nothing of it: what they make, and that a refusal is one sentence and changes nothing."""

import json
import logging
import os
import random
import time

import pytest
from machines import BUNDLE, DRIVER, EXECUTABLE, KEPT, PLUGIN_DIR

LOCK = '/run/nodeops-flexvolume'
KILLS = 60 if os.environ.get('SOAK') == '1' else 6
LEFTOVERS = f"find {PLUGIN_DIR} /etc/systemd/system /var/lib/nodeops.flexvolume \\( -name '.flexvolume-*' -o -name '.new' -o -name '.old' \\) 2> /dev/null"
KILL = f'python3 -I {BUNDLE} apply --at-boot > /dev/null 2>&1 & sleep {{seconds:.3f}}; kill -KILL $! 2> /dev/null && echo killed; wait $!; true'
# A deploy holds the lock, and is not done before a run of the bundle that the node keeps has come to wait for it; the shell that becomes it has it too.
WAITING = f'''
    mkdir --mode=0700 {LOCK} && exec 9< {LOCK} && flock 9
    python3 -I {KEPT} apply --at-boot > /tmp/said 2>&1 9<&- &
    until grep -q python /proc/$!/comm && ls -l /proc/$!/fd | grep -q {LOCK}; do :; done
    {{deploy}} && exec 9<&-
    status=0; wait $! || status=$?; cat /tmp/said; rm /tmp/said; echo "ended with $status"
'''
# Every driver that the kubelet could see answers; a hidden directory it does not see.
ANSWER = f'for driver in {PLUGIN_DIR}/*/; do name=${{driver%/}}; "$driver/${{name##*~}}" init || exit 9; done > /dev/null 2>&1; echo $?'


@pytest.fixture
def node(plain, controller):
    """The node as it was before anybody applied anything, with the scenario's bundle in root's home."""
    plain.put_file(controller.out / 'flexvolume-node.pyz', BUNDLE)
    plain.call('remove', '--force', '--delete-data')
    plain.shell(f'rm -rf {PLUGIN_DIR} /usr/libexec/kubernetes; dpkg --purge jq > /dev/null 2>&1')
    return plain


def refused(answer: tuple, words: str):
    status, said = answer
    assert status == 1, said
    assert words in said
    assert 'Traceback' not in said
    sentences = [line for line in said.splitlines() if not line.startswith('warning: ')]
    assert len(sentences) == 1, said


def test_what_the_commands_do_and_how_they_end(node):
    before = node.snapshot()
    assert node.call('status')[0] == 1
    assert node.call('apply', '--check')[0] == 0
    assert node.snapshot() == before
    status, said = node.call('apply', '--json')
    assert (status, json.loads(said)['published']) == (0, ['nodeops/dynhostpath', 'example.com/shell'])
    applied = node.snapshot()
    status, said = node.call('apply')
    assert (status, 'already agrees' in said) == (0, True)
    assert node.call('status')[0] == 0
    assert node.call('validate')[0] == 0
    assert node.snapshot() == applied
    assert node.call('apply', '--at-boot')[0] == 0
    assert node.call('remove', '--delete-data')[0] == 0
    assert node.shell(f'ls -A {PLUGIN_DIR}') == ''
    assert node.shell('find /etc/systemd/system -name "flexvolume-*"; find /var/lib -maxdepth 1 -name "*dynhostpath*" -o -maxdepth 1 -name "nodeops*"') == ''


def test_a_package_comes_from_the_nodes_own_package_manager_or_is_named(node, controller, tmp_path):
    assert node.call('apply')[0] == 0
    assert node.shell("dpkg-query --show --showformat='${db:Status-Status}' jq") == 'installed'
    drivers = [{'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py', 'packages': ['no-such-package']}]
    node.put_file(controller.bundle(tmp_path, flexvolume_drivers=drivers) / 'flexvolume-node.pyz', BUNDLE)
    before = node.snapshot()
    refused(node.call('apply'), 'no-such-package')
    assert node.snapshot() == before


@pytest.mark.parametrize('version', ['3.6', '3.13'])
def test_it_runs_on_old_and_new_pythons(node, version):
    homes = [home for home in node.python_homes() if (home / 'bin' / f'python{version}').exists()]
    if not homes:
        pytest.skip(f'this machine has no Python {version}')
    python = f'{homes[0]}/bin/python{version}'
    for words in (['apply', '--at-boot'], ['status'], ['remove']):
        assert node.call(*words, python=python)[0] == 0


@pytest.mark.parametrize('kept', [100, -1])
def test_a_bundle_that_was_cut_short_says_so(node, controller, tmp_path, kept):
    cut = tmp_path / 'cut'
    cut.write_bytes((controller.out / 'flexvolume-node.pyz').read_bytes()[:kept])
    node.put_file(cut, BUNDLE)
    before = node.snapshot()
    status, said = node.call('apply')
    assert (status, node.snapshot()) == (1, before)
    assert 'cut-short.Fetch-this-file-again' in said
    assert 'Traceback' not in said


def test_a_bundle_that_was_altered_says_so(node, controller, tmp_path):
    altered = bytearray((controller.out / 'flexvolume-node.pyz').read_bytes())
    for place in random.Random(7).sample(range(200, len(altered) - 20000), 5):
        altered[place] ^= 1
    (tmp_path / 'altered').write_bytes(altered)
    node.put_file(tmp_path / 'altered', BUNDLE)
    before = node.snapshot()
    refused(node.call('apply'), 'was altered')
    assert node.snapshot() == before


def test_nobody_but_root_applies_it(node):
    node.shell(f'install -m 0644 {BUNDLE} /var/tmp/bundle.pyz')
    before = node.snapshot()
    refused(node.call('apply', python='setpriv --reuid=65534 --regid=65534 --clear-groups python3', bundle='/var/tmp/bundle.pyz'), 'must run as root')
    assert node.snapshot() == before


@pytest.mark.parametrize('directory, size', [(PLUGIN_DIR, '64k'), ('/var/lib/nodeops.flexvolume', '16k'), ('/var/lib/nodeops.flexvolume', '80k')])
def test_a_full_disk_is_told_and_what_was_begun_is_taken_back(node, directory, size):
    node.shell(f'mkdir -p /var/lib/dynhostpath {directory}; mount -t tmpfs -o size={size},mode=0700 tmpfs {directory}')
    try:
        before = node.snapshot()
        refused(node.call('apply', '--at-boot'), directory)
        assert node.snapshot() == before
    finally:
        node.shell(f'umount {directory}; rmdir {directory}')


def test_two_at_once_wait_for_each_other(node):
    runs = [node.start('apply', '--at-boot') for _run in range(2)]
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted('already agrees' in one for one in said) == [False, True]
    assert node.call('status')[0] == 0


def test_a_run_that_waited_for_a_deploy_applies_the_bundle_that_it_brought(node, controller, tmp_path):
    assert node.call('apply', '--at-boot')[0] == 0
    drivers = [{'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py', 'config': {'layout': '{namespace}/{pod}/{volume}/{uid}'}}]
    node.put_file(controller.bundle(tmp_path, flexvolume_drivers=drivers) / 'flexvolume-node.pyz', BUNDLE)
    said = node.shell(WAITING.format(deploy=f'mv {BUNDLE} {KEPT}'))
    assert f'changed: {PLUGIN_DIR}/nodeops~dynhostpath/.config.json\n' in said and said.endswith('ended with 0\n'), said
    assert node.call('status', bundle=KEPT)[0] == 0


def test_a_run_that_waited_for_a_deploy_that_wants_no_bundle_does_nothing(node):
    assert node.call('apply', '--at-boot')[0] == 0
    before = node.snapshot()
    said = node.shell(WAITING.format(deploy=f'mv {KEPT} {BUNDLE}'))
    assert said == f'{KEPT} was removed while it waited for another run: there is nothing to do.\nended with 0\n'
    node.shell(f'mv {BUNDLE} {KEPT}')
    assert node.snapshot() == before


def test_killed_at_any_moment_it_leaves_the_old_or_the_new_and_the_next_one_tidies_up(node, controller, tmp_path):
    log, chance, killed = logging.getLogger('bundle'), random.Random(os.environ.get('SEED', '1')), 0
    newer = tmp_path / 'newer.py'
    bundles = []
    for number in (1, 2):
        newer.write_text(DRIVER.read_text(encoding='utf-8') + f'\n# version {number}\n', encoding='utf-8')
        drivers = [{'name': 'nodeops/dynhostpath', 'src': str(newer), 'host_paths': [{'path': '/var/lib/dynhostpath', 'mode': '0700'}]}]
        bundles.append(controller.bundle(tmp_path / str(number), flexvolume_drivers=drivers) / 'flexvolume-node.pyz')
    node.put_file(bundles[0], BUNDLE)
    began = time.monotonic()
    assert node.call('apply', '--at-boot')[0] == 0
    took = time.monotonic() - began
    for number in range(KILLS):
        node.put_file(bundles[number % 2], BUNDLE)
        killed += 'killed' in node.shell(KILL.format(seconds=chance.uniform(0.02, took)))
        assert node.shell(ANSWER) == '0\n'
        status, said = node.call('apply')
        assert status == 0, said
        assert node.shell(LEFTOVERS) == ''
        assert node.shell(f'tail -n 1 {EXECUTABLE}') == f'# version {number % 2 + 1}\n'
        assert node.call('status')[0] == 0
        log.info('applied %d times, killed %d times', number + 1, killed)
    assert killed > KILLS // 3


@pytest.mark.parametrize('seconds', [0.1, 0.4, 0.7])
def test_stopped_in_good_order_it_takes_back_what_it_began(node, seconds):
    node.shell('apt-get --quiet --yes install jq && mkdir -p /var/lib/dynhostpath && chmod 0700 /var/lib/dynhostpath')
    before = node.snapshot()
    *said, status = node.shell(f'python3 -I {BUNDLE} apply 2>&1 & sleep {seconds}; kill -TERM $!; wait $!; echo $?').splitlines()
    # The shell's 143: it had not come so far as to hear of it.
    assert status == '0' or (status in ('1', '143') and node.snapshot() == before), said
