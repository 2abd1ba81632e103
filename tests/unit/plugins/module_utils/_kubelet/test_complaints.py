# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import time
import types

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import complaints, journal

UID = '68de1e98-d9ab-4c9d-ac71-97751bc82541'
# As a kubelet 1.20.2 was seen to say it, and later ones in their words.
MOUNT = (
    f'E1125 15:16:50.269924      96 nestedpendingoperations.go:301] Operation for "{{volumeName:nodeops/dynhostpath/{UID}-data podName:{UID} nodeName:}}" '
    'failed. No retries permitted until 2026-11-25 15:16:50.769901694 +0000 UTC m=+287.075047139 (durationBeforeRetry 500ms). Error: "MountVolume.SetUp failed '
    f'for volume \\"data\\" (UniqueName: \\"nodeops/dynhostpath/{UID}-data\\") pod \\"failing\\" (UID: \\"{UID}\\") : mount command failed, status: Failure, '
    "reason: option 'nonsense': not one that a pod may set on this node; it may set none.\"")
NEWER_MOUNT = MOUNT.replace('\\"', '"').replace('Error: "', 'Error: ').rstrip('"')
UNMOUNT = MOUNT.replace('MountVolume.SetUp', 'UnmountVolume.TearDown').replace('pod \\"failing\\"', f'pod \\"{UID}\\"').replace('mount c', 'unmount c')
UNKNOWN = (
    f'E1125 15:16:50.253422      96 pod_workers.go:191] Error syncing pod {UID} ("unknown-doctor-1_default({UID})"), skipping: unmounted volumes=[data], '
    'unattached volumes=[data]: failed to get Plugin from volumeSpec for volume "data" err=no volume plugin matched')
NEWER_UNKNOWN = (
    'E1125 15:16:50.253422      96 pod_workers.go:1294] "Error syncing pod, skipping" err="unmounted volumes=[data], unattached volumes=[], failed to process '
    f'volumes=[data]: failed to get Plugin from volumeSpec for volume \\"data\\" err=no volume plugin matched" pod="default/unknown-doctor-1" podUID={UID}')
ORPHANED = (
    f'E1125 15:16:50.219940      96 kubelet_volumes.go:154] orphaned pod "{UID}" found, but volume paths are still present on disk : There were a total of 1 '
    'errors similar to this. Turn up verbosity to see them.')
NEWER_ORPHANED = (
    'E1125 15:16:50.219940      96 kubelet_volumes.go:245] "There were many similar errors. Turn up verbosity to see them." '
    f'err="orphaned pod \\"{UID}\\" found, but error occurred during reading the volume subpaths" numErrs=1')


def shown(said, moment=1795619810.5):
    return f'{moment} node-1 kubelet[96]: {said}'


@pytest.mark.parametrize('said, kind, pod, driver', [
    (MOUNT, 'mount', 'failing', 'nodeops/dynhostpath'),
    (NEWER_MOUNT, 'mount', 'failing', 'nodeops/dynhostpath'),
    (UNMOUNT, 'unmount', UID, 'nodeops/dynhostpath'),
    (UNKNOWN, 'unknown', 'default/unknown-doctor-1', None),
    (NEWER_UNKNOWN, 'unknown', 'default/unknown-doctor-1', None),
    (ORPHANED, 'orphaned', UID, None),
    (NEWER_ORPHANED, 'orphaned', UID, None),
    # As kubelets of OpenShift begin their lines.
    ('??? ' + NEWER_MOUNT, 'mount', 'failing', 'nodeops/dynhostpath'),
    ('??? ' + NEWER_UNKNOWN, 'unknown', 'default/unknown-doctor-1', None),
])
def test_what_the_kubelet_complains_of(said, kind, pod, driver):
    found, = complaints.parse([shown(said)])
    assert {key: found[key] for key in ('kind', 'pod', 'driver', 'uid')} == {'kind': kind, 'pod': pod, 'driver': driver, 'uid': UID}


def test_the_driver_s_own_words_come_along():
    assert complaints.parse([shown(MOUNT)])[0]['reason'].endswith('on this node; it may set none.')
    assert complaints.parse([shown(NEWER_MOUNT)])[0]['reason'] == complaints.parse([shown(MOUNT)])[0]['reason']
    assert len(complaints.parse([shown(MOUNT + 'x' * 1000)])[0]['reason']) == complaints.LONGEST_REASON


def test_repetitions_are_counted_and_the_last_time_stands():
    found, = complaints.parse([shown(MOUNT, 20.5), shown(MOUNT, 30.5), shown(MOUNT, 10.5), '-- Boot 1 --', '', 'x y z w'])
    assert (found['count'], found['moment']) == (3, 30.5)


@pytest.mark.parametrize('said', [
    MOUNT.replace('nodeops/dynhostpath', 'kubernetes.io/secret'),
    # A driver, or a pod's author, that writes what the kubelet would.
    'I1125 15:16:50.270055      96 event.go:291] "Event occurred" message=' + MOUNT,
    'W1125 15:16:50.268784      96 driver-call.go:149] FlexVolume: driver call failed: output: ' + ORPHANED,
    'E1125 15:16:50.253422      96 pod_workers.go:191] Error syncing pod x: rpc error: no volume plugin matched',
    '',
])
def test_what_is_no_complaint_of_ours(said):
    assert complaints.parse([shown(said)]) == []


@pytest.fixture
def standing(tmp_path, monkeypatch):
    def found(said, age=1.0, mounted=(), volume='volumes/nodeops~dynhostpath/data', pod=True):
        directory = tmp_path / 'pods' / UID
        if pod:
            (directory / volume).mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(journal, 'lines', lambda *arguments: ([shown(said, f'{time.time() - age:.3f}')], True))
        monkeypatch.setattr(complaints.process, 'started', lambda _kubelet: None)
        monkeypatch.setattr(complaints.mounts, 'read', lambda: [types.SimpleNamespace(path=str(directory / path)) for path in mounted])
        return complaints.standing(types.SimpleNamespace(root_dir=str(tmp_path), pid=1))

    return found


@pytest.mark.parametrize('said', [MOUNT, UNMOUNT, UNKNOWN, ORPHANED])
def test_a_complaint_stands_until_it_is_no_longer_repeated(standing, said):
    assert [complaint['kind'] for complaint in standing(said)] == [complaints.parse([shown(said)])[0]['kind']]
    assert standing(said, age=200) == []


@pytest.mark.parametrize('said, gone', [(MOUNT, True), (UNKNOWN, True), (UNMOUNT, False), (ORPHANED, False)])
def test_a_volume_that_is_mounted_by_now_ends_only_the_complaint_that_it_could_not_be(standing, said, gone):
    assert (standing(said, mounted=['volumes/nodeops~dynhostpath/data']) == []) is gone


@pytest.mark.parametrize('said', [MOUNT, UNMOUNT, UNKNOWN, ORPHANED])
def test_a_pod_that_is_gone_ends_it(standing, said):
    assert standing(said, pod=False) == []


def test_the_paths_of_a_volume_that_was_left(standing, tmp_path):
    path = tmp_path / 'pods' / UID / 'volumes/nodeops~dynhostpath/data'
    assert standing(ORPHANED)[0]['paths'] == [{'path': str(path), 'mounted': False, 'empty': True}]
    (path / 'file').touch()
    assert standing(ORPHANED)[0]['paths'] == [{'path': str(path), 'mounted': False, 'empty': False}]
    assert standing(ORPHANED)[0]['driver'] == 'nodeops/dynhostpath'
    assert standing(ORPHANED, mounted=['volumes/nodeops~dynhostpath/data'])[0]['paths'][0]['mounted']


def test_what_others_with_its_pid_logged_before_the_kubelet_started_is_not_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(journal, 'lines', lambda kubelet, since, pattern: (asked.append(since), ([], True))[1])
    kubelet, now = types.SimpleNamespace(), time.time()
    for began, since in ((now - 60, now - 60), (now - 2 * complaints.WINDOW, now - complaints.WINDOW), (None, now - complaints.WINDOW)):
        monkeypatch.setattr(complaints.process, 'started', lambda _kubelet, began=began: began)
        complaints.standing(kubelet)
        assert asked.pop() == pytest.approx(since, abs=5)


def test_what_a_pod_s_author_made_to_be_searched_for_long_is_not():
    line = MOUNT + 'Error: MountVolume.a failed for volume "x" (UniqueName: ' * 900
    began = time.process_time()
    complaints.parse([shown(line.replace('Error: "M', 'Error: '))] * 200)
    assert time.process_time() - began < 2
