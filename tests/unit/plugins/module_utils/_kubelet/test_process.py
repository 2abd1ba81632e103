# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._node_fixtures import contained, running, write


def test_nothing_runs(proc):
    proc.add(10, ['/usr/bin/containerd'])
    assert process.running(proc.path) is None


@pytest.mark.parametrize(('command_line', 'comm', 'parent', 'flavour'), [
    (['/usr/bin/kubelet', '--v=2'], None, 'systemd', 'kubelet'),
    (['/var/lib/rancher/rke2/bin/kubelet'], None, 'rke2', 'rke2'),
    (['/var/lib/k0s/bin/kubelet'], None, 'k0s', 'k0s'),
    ('/usr/local/bin/k3s server', 'k3s-server', 'systemd', 'k3s'),
    ('/usr/local/bin/k3s agent', 'k3s-agent', 'systemd', 'k3s'),
    (['/usr/local/bin/k3s', 'server', '--disable=traefik'], 'k3s', 'systemd', 'k3s'),
    (['/snap/microk8s/9072/kubelite', '--start-control-plane=true'], None, 'systemd', 'kubelite'),
    (['/hyperkube', 'kubelet', '--v=2'], None, 'systemd', 'hyperkube'),
])
def test_each_flavour_is_found(proc, command_line, comm, parent, flavour):
    proc.add(5, ['/usr/bin/' + parent])
    proc.add(10, command_line, comm, parent=5)
    kubelet = process.running(proc.path)
    assert (kubelet.pid, kubelet.flavour) == (10, flavour)


@pytest.mark.parametrize(('command_line', 'comm', 'uid'), [
    (['/usr/bin/kubectl', 'get', 'pods'], None, 0),
    (['/usr/local/bin/k3s', 'kubectl', 'get', 'pods'], 'k3s', 0),
    (['/bin/sh', '/usr/bin/kubelet', '--v=2'], 'kubelet', 0),
    (['/usr/bin/less', 'kubelet'], 'less', 0),
    (['/usr/bin/rke2', 'server'], None, 0),
    (['/usr/bin/k0s', 'worker'], None, 0),
    (['/hyperkube', 'proxy'], None, 0),
    (['/home/eve/kubelet', '--config=/etc/shadow'], None, 1000),
    ([''], 'kubelet', 0),
])
def test_look_alikes_are_left_alone(proc, command_line, comm, uid):
    proc.add(10, command_line, comm, uid=uid)
    assert process.running(proc.path) is None


def test_a_command_line_of_megabytes_is_not_read_to_its_end(proc):
    proc.add(10, ['/usr/bin/kubelet', '--v=2', '--' + 'x' * 10000000])
    kubelet = process.running(proc.path)
    assert kubelet.pid == 10 and len(' '.join(kubelet.command_line)) <= process.LONGEST_COMMAND_LINE


def test_a_nested_nodes_kubelet_is_not_ours_and_the_reason_says_so(proc):
    proc.add(10, ['/usr/bin/kubelet', '--volume-plugin-dir=/nested'], namespaces={'pid': 'pid:[2]', 'mnt': 'mnt:[2]'})
    assert process.running(proc.path) is None
    proc.add(20, ['/usr/bin/kubelet'], started=900)
    kubelet = process.running(proc.path)
    assert kubelet.pid == 20
    assert 'pid namespace of its own' in kubelet.why and '10' in kubelet.why


def test_of_several_kubelets_that_in_our_mount_namespace_wins_then_the_oldest(proc):
    contained(proc, 10, ['/usr/bin/kubelet'], started=1)
    proc.add(20, ['/usr/bin/kubelet'], started=300)
    proc.add(30, ['/usr/bin/kubelet'], started=200)
    kubelet = process.running(proc.path)
    assert kubelet.pid == 30
    assert '10, 20' in kubelet.why


def test_what_a_kubelet_says_of_itself(proc):
    proc.add(10, ['/usr/bin/kubelet', '--root-dir=/data/kubelet', '--config', '/etc/k.yaml', '--volume_plugin_dir', '/a', '--volume-plugin-dir=/b'],
             environment={'PATH': '/opt/bin', 'A': 'b=c'}, started=250)
    kubelet = process.running(proc.path)
    assert kubelet.root_dir == '/data/kubelet'
    assert kubelet.config_file == '/etc/k.yaml'
    assert process.callout_environment(kubelet) == {'PATH': '/opt/bin', 'A': 'b=c'}
    assert process.started(kubelet) == 1000000000 + 250 / os.sysconf('SC_CLK_TCK')
    found = directories.plugin_dir(kubelet)
    assert found[:2] == ('/b', 'process')
    assert 'pid 10' in found.reason and '--volume-plugin-dir=/b' in found.reason


def test_without_a_kubelet_a_callout_gets_the_path_of_a_service():
    assert process.callout_environment(None) == {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}


def test_version_is_what_the_running_binary_says(proc):
    directory = proc.add(10, ['/usr/bin/kubelet'])
    script = write(directory, 'exe', '#!/bin/sh\necho "Kubernetes v1.20.2"\n')
    script.chmod(0o755)
    assert process.version(process.running(proc.path)) == 'v1.20.2'
    script.write_text('#!/bin/sh\necho "k3s version v1.36.5+k3s1 (3dd98cc5)"; echo "go version go1.26"\n')
    assert process.version(process.running(proc.path)) == 'v1.36.5+k3s1'
    kubelet = process.running(proc.path)
    script.unlink()
    assert process.version(kubelet) is None


def test_which_looks_on_the_kubelets_own_path(proc, root):
    tool = write(root, '/opt/bin/tool', '#!/bin/sh\n')
    tool.chmod(0o755)
    write(root, '/opt/bin/data', 'no program')
    (root / 'sbin').mkdir()
    (root / 'sbin' / 'alias').symlink_to('/opt/bin/tool')
    contained(proc, 10, ['/usr/bin/kubelet'], environment={'PATH': '/nowhere:/opt/bin:/sbin'})
    kubelet = running(proc, root)
    assert process.which('tool', kubelet) == '/opt/bin/tool'
    assert process.which('alias', kubelet) == '/sbin/alias'
    assert process.which('/opt/bin/tool', kubelet) == '/opt/bin/tool'
    assert process.which('data', kubelet) is None
    assert process.which('sh', kubelet) is None
    assert process.which('sh', None) in ('/usr/bin/sh', '/bin/sh')


@pytest.mark.parametrize('version, loses', [
    ('v1.20.2', True), ('v1.23.17', True), ('v1.24.0', False), ('v1.36.3+k3s1', False), ('v2.0.0', False), (None, True), ('', True), ('nonsense', True)])
def test_which_kubelets_lose_drivers_beside_a_broken_one(version, loses):
    assert process.loses_drivers(version) is loses


@pytest.mark.parametrize('age, seconds', [(0, 30), (12, 18), (30, 0), (86400, 0)])
def test_a_kubelet_may_be_busy_starting_for_half_a_minute(proc, monkeypatch, age, seconds):
    # One tick after the boot: the first hundredth of a second.
    proc.add(10, ['/usr/bin/kubelet'], started=1)
    monkeypatch.setattr(process.time, 'time', lambda: 1000000000.01 + age)
    assert round(process.settling(process.running(proc.path)), 3) == seconds
