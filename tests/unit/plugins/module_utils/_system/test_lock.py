# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import fcntl
import os
import stat
import threading

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import lock


def test_the_lock_is_roots_alone_and_leaves_nothing(tmp_path):
    with lock.held(str(tmp_path / 'lock')):
        assert stat.S_IMODE((tmp_path / 'lock').stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_gives_up_in_time_and_names_the_first(tmp_path):
    with lock.held(str(tmp_path / 'lock')):
        with pytest.raises(NodeError, match=r'^Another run.* has been changing this node for 0.2 s'), lock.held(str(tmp_path / 'lock'), patience=0.2):
            pass
        assert (tmp_path / 'lock').exists()


@pytest.mark.skipif(not os.access('/dev/shm', os.W_OK), reason='proc_locks(5) names what lies on a plain file system such as a tmpfs')
def test_the_holders_pid_is_told():
    directory = f'/dev/shm/lock-{os.getpid()}'
    with lock.held(directory), pytest.raises(NodeError, match=rf'Another run \(pid {os.getpid()}\)'), lock.held(directory, patience=0):
        pass


def test_what_a_killed_run_left_is_no_lock(tmp_path):
    (tmp_path / 'lock').mkdir(mode=0o700)
    with lock.held(str(tmp_path / 'lock'), patience=0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_many_runs_take_turns(tmp_path):
    inside, most = [], []

    def run():
        with lock.held(str(tmp_path / 'lock'), patience=60):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=run) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


def test_a_lock_directory_that_somebody_else_can_open_is_refused(tmp_path):
    (tmp_path / 'lock').mkdir()
    (tmp_path / 'lock').chmod(0o777)
    with pytest.raises(NodeError, match=r'The lock directory .* is not believed'), lock.held(str(tmp_path / 'lock')):
        pass


def test_whoever_waits_is_not_fooled_by_a_directory_that_went(tmp_path):
    held = lock.held(str(tmp_path / 'lock'))
    held.__enter__()
    stale = os.open(str(tmp_path / 'lock'), os.O_RDONLY)
    held.__exit__(None, None, None)
    fcntl.flock(stale, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with lock.held(str(tmp_path / 'lock'), patience=0):
        pass
    os.close(stale)
