# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node that joins, one that was changed while it was off or while it ran: each makes itself agree, before a pod misses anything."""

import pytest
from machines import DYNHOSTPATH, EXECUTABLE, KEPT, PLUGIN_DIR
from nodes.host import Failure
from nodes.pods import pod

# Seconds for which the doctor takes a kubelet for one that is just starting.
STARTING = 30
SHELL = 'example.com/shell'
APPLY = 'flexvolume-apply.service'


def test_a_node_that_joins_serves_pods_and_no_ansible_reached_it(joined):
    assert 'status: done' in joined.shell('cloud-init status')
    pods = [joined.serve(driver, name) for driver, name in ((DYNHOSTPATH, 'web'), (SHELL, 'cache'))]
    joined.end(*pods)


def test_it_is_the_same_as_a_node_that_ansible_deployed_to_file_by_file(deployed, joined):
    there = deployed.snapshot()
    assert len(there) > 12
    assert joined.snapshot() == there


def test_a_deploy_of_the_same_list_changes_nothing_on_it(controller, joined):
    assert controller.play('deploy') == {'joins-1': 0, 'joins-2': 0, 'localhost': 0}


def test_only_root_can_look_at_what_is_kept(joined):
    with pytest.raises(Failure, match='Permission denied'):
        joined.shell(f'setpriv --reuid=65534 --regid=65534 --clear-groups cat {KEPT}')


@pytest.mark.parametrize('damage', ['nothing is left', 'a driver is corrupted'])
def test_what_was_lost_while_it_was_off_is_back_before_the_kubelet_starts(joined, damage):
    before = joined.snapshot()
    joined.off()
    plugins = joined.disk / PLUGIN_DIR.lstrip('/')
    # The pod is there from the kubelet's first moment on.
    web = joined.put_on_disk(pod('early', DYNHOSTPATH))
    if damage == 'nothing is left':
        for path in sorted(plugins.rglob('*'), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    else:
        (joined.disk / EXECUTABLE.lstrip('/')).write_bytes(b'#!/bin/sh\necho oops\nexit 1\n')
    joined.on()
    joined.wait_running(web)
    assert joined.shows(APPLY, 'Result') == 'success'
    assert int(joined.shows(APPLY, 'ExecMainExitTimestampMonotonic')) < int(joined.shows('kubelet', 'ExecMainStartTimestampMonotonic'))
    assert joined.complaints() == []
    joined.end(web)
    assert joined.snapshot() == before
    assert 'changed: ' in joined.journal(APPLY)


def test_a_bundle_that_was_altered_does_not_run_and_the_kubelet_starts_all_the_same(joined, controller):
    joined.off()
    kept = joined.disk / KEPT.lstrip('/')
    whole = kept.read_bytes()
    kept.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    with pytest.raises(Failure, match=f'{APPLY} loaded failed failed'):
        joined.on()
    joined.wait_healthy()
    try:
        assert joined.shows('kubelet', 'ActiveState') == 'active'
        assert joined.shows(APPLY, 'Result') == 'exit-code'
        said = joined.journal(APPLY)
        assert f'{KEPT} was altered: its checksum is not the one in its third line. Fetch it again.' in said
        assert 'Traceback' not in said
    finally:
        joined.shell(f'systemctl reset-failed {APPLY}')
    # Whoever deploys again puts it right.
    assert controller.play('deploy')['joins-2'] == 1
    assert kept.read_bytes() == whole


def test_drift_is_repaired_while_it_runs_and_the_journal_says_what(joined, controller):
    controller.play('deploy', flexvolume_hosts='joins-2', flexvolume_apply_interval='2s')
    joined.shell(f'echo drift >> {EXECUTABLE}; rm -r {PLUGIN_DIR}/example.com~shell')
    joined.wait_until(lambda: f'changed: {PLUGIN_DIR}/example.com~shell/shell' in joined.journal(APPLY), 'repaired')
    assert f'changed: {EXECUTABLE}' in joined.journal(APPLY)
    web = joined.serve(DYNHOSTPATH, 'web')
    joined.end(web)
    controller.play('deploy', flexvolume_hosts='joins-2')
    joined.wait_until(lambda: joined.shows(APPLY, 'ActiveState') == 'inactive', 'done with what waited for the deploy')
    assert joined.shell('find /etc/systemd/system -name "flexvolume-apply.timer"') == ''


def test_the_doctor_s_cure_leaves_it_what_it_keeps(joined, controller):
    before = joined.snapshot()
    # Until then a timer may be asleep.
    joined.wait_until(lambda: int(joined.shell('ps -o etimes= -C kubelet')) > STARTING, 'past the start of its kubelet')
    joined.shell('systemctl disable --now flexvolume-touch-nodeops-dynhostpath.timer')
    assert controller.play('doctor', flexvolume_hosts='joins-2', flexvolume_doctor_fix=True)['joins-2'] == 1
    assert joined.snapshot() == before


def test_the_unit_is_right_in_the_eyes_of_systemd(joined):
    assert joined.shell(f'systemd-analyze verify /etc/systemd/system/{APPLY} 2>&1') == ''
