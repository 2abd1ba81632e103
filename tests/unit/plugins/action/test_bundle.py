# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import hashlib
import io
import json
import zipfile

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task

from ansible_collections.nodeops.flexvolume.plugins.action import bundle, node

LARGEST = 300 << 10
DRIVER = {'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py', 'host_paths': [{'path': '~/$HOME'}]}


@pytest.fixture
def write(tmp_path, mocker):
    """Run the action with some arguments; what it writes lies in C(write.dest)."""
    def act(check_mode=False, **arguments):
        task = Task()
        task.args, task.check_mode, task.async_val = dict({'drivers': [DRIVER], 'dest': str(act.dest)}, **arguments), check_mode, 0
        action = bundle.ActionModule(task, mocker.Mock(), mocker.Mock(), DataLoader(), mocker.Mock(), mocker.Mock())
        return action.run(task_vars={})

    mocker.patch.object(Task, 'get_search_path', lambda self: [str(tmp_path)])
    act.dest = tmp_path / 'deep' / 'out'
    return act


def content(write) -> bytes:
    return (write.dest / 'flexvolume-node.pyz').read_bytes()


def parameters(written: bytes) -> dict:
    return json.loads(zipfile.ZipFile(io.BytesIO(written)).read('parameters.json'))


def modes(write) -> dict:
    return {path.name: path.stat().st_mode & 0o777 for path in write.dest.iterdir()}


def test_the_list_and_its_drivers_are_in_the_bundle_and_its_checksum_beside_it(write):
    result = write()
    held = parameters(content(write))
    assert held['drivers'][0]['host_paths'][0]['path'] == '~/$HOME'
    assert (held['drivers'][0]['bundled'], held['touch_timer'], held['drivers'][0]['touch_interval']) == (True, True, '15s')
    assert b'dynhostpath: a FlexVolume driver' in zipfile.ZipFile(write.dest / 'flexvolume-node.pyz').read('drivers/nodeops~dynhostpath')
    assert (write.dest / 'flexvolume-node.pyz.sha256').read_text() == f'{hashlib.sha256(content(write)).hexdigest()}  flexvolume-node.pyz\n'
    assert result['size'] == len(content(write)) < LARGEST


def test_the_same_list_gives_the_same_file_and_changes_nothing(write):
    assert write()['changed']
    first = content(write)
    assert not write()['changed']
    (write.dest / 'flexvolume-node.pyz').unlink()
    assert write()['changed']
    assert content(write) == first


def test_a_disk_that_is_full_keeps_no_part_of_what_may_be_secret(write, mocker):
    mocker.patch.object(bundle.os, 'fchmod', side_effect=OSError(errno.ENOSPC, 'No space left on device'))
    with pytest.raises(AnsibleActionFail, match=r'flexvolume-node\.pyz cannot be written: No space left on device; see to dest\.'):
        write()
    assert list(write.dest.iterdir()) == []


def test_nothing_is_written_in_check_mode(write):
    assert write(check_mode=True)['changed']
    assert not write.dest.exists()


@pytest.mark.parametrize('keys, mode', [({}, 0o644), ({'secrets': {'password': 'x'}}, 0o600), ({'config': {'base': '/x'}}, 0o600)])
def test_what_holds_secrets_is_for_its_owner_alone(write, keys, mode):
    write(drivers=[dict(DRIVER, **keys)], cloud_init=True, daemonset={'image': 'busybox'})
    assert modes(write) == dict.fromkeys(['flexvolume-node.pyz', 'flexvolume-node.pyz.sha256', 'cloud-init.yaml', 'daemonset.yaml'], mode)
    assert ('kind: Secret' in (write.dest / 'daemonset.yaml').read_text()) == (mode == 0o600)


def test_a_file_that_others_could_read_is_closed_to_them(write):
    write(drivers=[dict(DRIVER, config={'base': '/x'})])
    (write.dest / 'flexvolume-node.pyz').chmod(0o644)
    assert write(drivers=[dict(DRIVER, config={'base': '/x'})])['changed']
    assert modes(write)['flexvolume-node.pyz'] == 0o600


@pytest.mark.parametrize('arguments, complaint', [
    ({'drivers': [{'name': 'x'}]}, "'x' is no driver name"), ({'drivers': [dict(DRIVER, src='missing')]}, 'The src missing of the driver'),
    ({'destination': 'x'}, 'Unsupported parameters for .* destination'), ({'daemonset': {}}, 'missing required arguments: image'),
    ({'daemonset': {'image': 'a b'}}, 'is not one that Kubernetes takes'), ({'dest': '/proc/nowhere'}, '/proc/nowhere/flexvolume-node.pyz cannot be written'),
    ({'dest': ''}, 'There is no directory to write to: .*flexvolume_bundle'),
    ({'apply_interval': 'often', 'daemonset': {'image': 'a'}}, "'often' is no time span"),
    ({'drivers': [dict(DRIVER, host_paths=[{'path': '/x', 'mode': 0o770}])]}, 'The mode 504 of the host path /x is no text'),
])
def test_what_is_wrong_is_refused_in_one_sentence_and_nothing_written(write, arguments, complaint):
    with pytest.raises(AnsibleActionFail, match=complaint):
        write(**arguments)
    assert not write.dest.exists()


def test_a_deploy_keeps_the_very_file_that_the_playbook_writes(write, mocker):
    write(apply_interval='10min')
    task = Task()
    task.args, task.check_mode, task.async_val = {'drivers': [DRIVER], 'at_boot': 'yes', 'apply_interval': '10min', 'force': True}, False, 0
    action = node.ActionModule(task, mocker.Mock(), mocker.Mock(check_mode=False), DataLoader(), mocker.Mock(), mocker.Mock())
    declared = action._read(dict(drivers=bundle.SPEC['drivers']), 'node')['drivers']
    assert action._besides(action._executables(declared, {})) == {'flexvolume-node.pyz': content(write)}


@pytest.mark.parametrize('arguments', [{}, {'at_boot': False}, {'at_boot': True, 'state': 'absent'}])
def test_a_deploy_sends_no_bundle_that_nobody_asks_for(mocker, arguments):
    task = Task()
    task.args = {'drivers': [DRIVER], **arguments}
    action = node.ActionModule(task, mocker.Mock(), mocker.Mock(), DataLoader(), mocker.Mock(), mocker.Mock())
    assert action._besides({}) == {}
