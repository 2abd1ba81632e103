# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Be taken for the kubelet: then root runs what lies in the plugin dir that the attacker's process names, with the environment that it shows."""

import pathlib
import shutil
import time

import pytest
from conftest import EVE

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process

# The system's own, which every user may read.
PYTHON = '/usr/bin/python3'
SLEEP, SU, UNSHARE, SETPRIV = (shutil.which(name) for name in ('sleep', 'su', 'unshare', 'setpriv'))
RENAME = 'import ctypes, signal; ctypes.CDLL(None).prctl(15, b"kubelet"); signal.pause()'
HALF_ROOT = 'import os, signal; os.setresuid(65534, 0, 0); signal.pause()'
ALL_ROOT = 'import os, signal; os.setresuid(0, 0, 0); signal.pause()'


def interpreter(directory, mode):
    """A copy of Python by the name kubelet, root's own."""
    copy = directory / 'kubelet'
    shutil.copy(PYTHON, copy)
    copy.chmod(mode)
    return copy


def link(directory, target):
    path = directory / 'kubelet'
    path.symlink_to(target)
    return path


def judged(started, uids=None):
    """Say whether the process is believed once it is called kubelet and has those uids, and what is said of it."""
    for _attempt in range(200):
        if uids and f'Uid:\t{uids}\n' not in pathlib.Path(f'/proc/{started.pid}/status').read_text(encoding='utf-8'):
            time.sleep(0.02)
            continue
        found = process.search()
        said = [sentence for sentence in found.disbelieved if sentence.startswith(f'Pid {started.pid} ')]
        believed = found.kubelet is not None and found.kubelet.pid == started.pid
        if said or believed:
            return believed, ' '.join(said)
        assert started.poll() is None, 'the attacker gave up'
        time.sleep(0.02)
    raise AssertionError('the process was never called kubelet')


def test_roots_own_program_of_that_name_is_believed(background, tmp_path):
    """Without it the refusals below would prove nothing."""
    copy = tmp_path / 'kubelet'
    shutil.copy(SLEEP, copy)
    started = background(copy, '600')
    assert judged(started) == (True, '')


def test_by_su_that_waits_for_a_password(background, home):
    started = background(link(home, SU), '--', 'root', f'--volume-plugin-dir={home}', user=EVE, env={'LD_PRELOAD': f'{home}/evil.so'})
    believed, why = judged(started)
    assert not believed
    assert f'its real, effective, saved and file system uids are {EVE}, 0, 0, 0' in why


def test_by_a_name_that_a_process_gives_itself(background, home):
    command = [home / 'kubelet', '-c', RENAME, f'--volume-plugin-dir={home}']
    started = background(*command, executable=PYTHON, user=EVE)
    assert judged(started)[0] is False


def test_by_a_set_user_id_program_that_became_root_altogether(background, home):
    """As sudo is, which has all uids 0 for whoever may run but one command with it."""
    started = background(interpreter(home, 0o4755), '-c', ALL_ROOT, f'--volume-plugin-dir={home}', user=EVE)
    believed, why = judged(started, '0\t0\t0\t0')
    assert not believed
    assert 'is set-user-ID' in why


def test_by_a_real_uid_that_is_not_root(background, tmp_path):
    believed, why = judged(background(interpreter(tmp_path, 0o755), '-c', HALF_ROOT), '65534\t0\t0\t0')
    assert not believed
    assert '65534, 0, 0, 0' in why


def test_by_a_link_to_another_program_of_roots(background, home):
    believed, why = judged(background(link(home, SLEEP), '600'))
    assert not believed
    assert f'the program that it runs is {SLEEP}' in why


def test_by_a_program_that_the_attacker_can_write(background, home):
    copy = home / 'kubelet'
    shutil.copy(SLEEP, copy)
    shutil.chown(copy, EVE)
    believed, why = judged(background(copy, '600'))
    assert not believed
    assert "is not root's own" in why


@pytest.mark.parametrize('user', [EVE, 0])
def test_by_being_root_in_a_user_namespace(background, home, user):
    copy = home / 'kubelet'
    shutil.copy(SLEEP, copy)
    believed, _why = judged(background(UNSHARE, '--user', '--map-root-user', copy, '600', user=user))
    assert not believed


def test_by_being_root_in_a_pod_without_a_kubelets_capabilities(background, home):
    copy = home / 'kubelet'
    shutil.copy(SLEEP, copy)
    believed, why = judged(background(SETPRIV, '--bounding-set=-sys_admin', copy, '600'))
    assert not believed
    assert 'no CAP_SYS_ADMIN' in why


def test_a_crowd_of_impostors_neither_hides_the_kubelet_nor_fills_the_screen(background, home, tmp_path):
    crowd = [background(link(home, SLEEP), '600', user=EVE)]
    crowd += [background(home / 'kubelet', '600', user=EVE) for _number in range(40)]
    copy = tmp_path / 'kubelet'
    shutil.copy(SLEEP, copy)
    started = background(copy, '600')
    assert judged(started)[0]
    found = process.search()
    assert found.kubelet.pid == started.pid
    assert len(found.disbelieved) == process.MOST_DISBELIEVED + 1
    assert found.disbelieved[-1] == 'So do 31 more.'
    assert str(crowd[0].pid) in found.kubelet.why


@pytest.mark.parametrize(('flag', 'what'), [
    ('--root-dir={home}/kubelet', "The kubelet's root dir"),
    ('--config={home}/config.yaml', "The file of the kubelet's settings"),
    ('--config-dir={home}/conf.d', "The directory of the kubelet's settings"),
    ('--volume-plugin-dir={home}/plugins', 'The plugin dir'),
])
def test_by_writing_what_the_real_kubelet_is_told(background, home, tmp_path, flag, what):
    (home / 'config.yaml').write_text('volumePluginDir: /etc/cron.d\n')
    (home / 'conf.d').mkdir()
    (home / 'conf.d' / 'a.conf').write_text('volumePluginDir: /etc/cron.d\n')
    started = background(interpreter(tmp_path, 0o755), '-c', 'import signal; signal.pause()', flag.format(home=home))
    assert judged(started)[0]
    _directory, doubt = directories.locate(process.running())
    assert doubt.startswith(what)
    assert f'because {home} belongs to ' in doubt
    assert f'(uid {EVE})' in doubt
    with pytest.raises(process.NodeError, match='is not believed'):
        directories.plugin_dir(process.running())


def test_environment_that_loads_code_reaches_no_driver(background, tmp_path):
    harmful = {'LD_PRELOAD': '/x.so', 'LD_LIBRARY_PATH': '/x', 'PYTHONPATH': '/x', 'PYTHONSTARTUP': '/x', 'BASH_ENV': '/x', 'ENV': '/x', 'IFS': '/',
               'PERL5LIB': '/x', 'BASH_FUNC_ls%%': '() { :; }', 'PS4': '$(x)', 'GLIBC_TUNABLES': 'x', 'NODE_OPTIONS': '--require=/x'}
    copy = tmp_path / 'kubelet'
    shutil.copy(SLEEP, copy)
    started = background(copy, '600', env=dict(harmful, PATH='/usr/bin', HTTPS_PROXY='http://proxy', NODE_NAME='n1'))
    assert judged(started)[0]
    assert process.callout_environment(process.running()) == {'PATH': '/usr/bin', 'HTTPS_PROXY': 'http://proxy', 'NODE_NAME': 'n1'}
