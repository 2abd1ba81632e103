# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import directories, process
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.tests.unit.plugins.module_utils._node_fixtures import contained, running, write

UPSTREAM = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'


def test_an_explicit_plugin_dir_wins(proc):
    proc.add(10, ['/usr/bin/kubelet', '--volume-plugin-dir=/b'])
    assert directories.plugin_dir(process.running(proc.path), '/mine')[:2] == ('/mine', 'argument')


@pytest.mark.parametrize('path', ['plugins', '../plugins', '/a b', '/a"b', '/a\nb'])
def test_a_plugin_dir_that_is_no_plain_absolute_path_is_refused(path):
    with pytest.raises(NodeError, match='no plain absolute path'):
        directories.plugin_dir(None, path)


def test_a_drop_in_beats_the_config_file_and_the_last_drop_in_the_others(proc, root):
    contained(proc, 10, ['/usr/bin/kubelet', '--config=/etc/k.yaml', '--config-dir', '/etc/k.d'])
    write(root, '/etc/k.yaml', 'kind: KubeletConfiguration\nvolumePluginDir: /from-file\n')
    kubelet = running(proc, root)
    assert directories.plugin_dir(kubelet)[:2] == ('/from-file', 'config file')
    write(root, '/etc/k.d/10-a.conf', 'volumePluginDir: /from-10\n')
    write(root, '/etc/k.d/20-b.conf', '{"volumePluginDir": "/from-20"}')
    write(root, '/etc/k.d/30-c.conf', 'maxPods: 20\n')
    write(root, '/etc/k.d/40-d.yaml', 'volumePluginDir: /wrong-suffix\n')
    found = directories.plugin_dir(kubelet)
    assert found[:2] == ('/from-20', 'drop-in')
    assert '/etc/k.d/20-b.conf' in found.reason


def test_a_relative_path_in_a_config_file_starts_at_that_file(proc, root):
    contained(proc, 10, ['/usr/bin/kubelet', '--config=/etc/kube/k.yaml'])
    write(root, '/etc/kube/k.yaml', 'volumePluginDir: ../plugins\n')
    assert directories.plugin_dir(running(proc, root)).path == '/etc/plugins'


@pytest.mark.parametrize(('parent', 'default'), [
    ('systemd', UPSTREAM), ('rke2', '/var/lib/kubelet/volumeplugins'), ('k0s', '/usr/libexec/k0s/kubelet-plugins/volume/exec')])
def test_the_default_of_the_distribution(proc, parent, default):
    proc.add(5, ['/usr/bin/' + parent])
    proc.add(10, ['/usr/bin/kubelet'], parent=5)
    found = directories.plugin_dir(process.running(proc.path))
    assert found[:2] == (default, 'default')
    assert default in found.reason


def test_a_default_on_a_read_only_file_system_says_what_to_change(monkeypatch):
    monkeypatch.setattr(process.roots, 'mount_flags', lambda path: os.ST_RDONLY)
    found = directories.plugin_dir(None)
    assert found.source == 'default'
    assert 'read-only' in found.reason and '--volume-plugin-dir' in found.reason


def test_k3s_hides_its_arguments_so_its_service_is_read(proc, root):
    contained(proc, 10, '/usr/local/bin/k3s agent', comm='k3s-agent', cgroup='0::/system.slice/k3s-edge.service\n')
    write(root, '/etc/systemd/system/k3s-edge.service',
          "[Service]\nExecStart=/usr/local/bin/k3s \\\n    agent \\\n\t'--kubelet-arg=volume-plugin-dir=/from-unit' \\\n\n")
    found = directories.plugin_dir(running(proc, root))
    assert found[:2] == ('/from-unit', 'config file')
    assert 'k3s-edge.service' in found.reason


def test_k3s_config_files_in_their_order(proc, root):
    contained(proc, 10, '/usr/local/bin/k3s server', comm='k3s-server')
    write(root, '/etc/rancher/k3s/config.yaml', 'kubelet-arg:\n- "max-pods=20"\n- "volume-plugin-dir=/one"\ntoken: x\n')
    kubelet = running(proc, root)
    assert directories.plugin_dir(kubelet)[:2] == ('/one', 'config file')
    write(root, '/etc/rancher/k3s/config.yaml.d/10.yaml', 'kubelet-arg+:\n  - volume-plugin-dir=/two\n')
    assert directories.plugin_dir(process.running(proc.path)).path == '/two'
    write(root, '/etc/rancher/k3s/config.yaml.d/20.yml', 'kubelet-arg: root-dir=/data\n')
    write(root, '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/99.conf', 'volumePluginDir: /from-drop-in\n')
    kubelet = process.running(proc.path)
    assert kubelet.root_dir == '/data'
    assert directories.plugin_dir(kubelet)[:2] == ('/from-drop-in', 'drop-in')


def test_k3s_config_file_and_data_dir_of_ones_own(proc, root):
    contained(proc, 10, '/usr/local/bin/k3s server', comm='k3s-server', environment={'K3S_CONFIG_FILE': '/opt/k3s.yaml'})
    write(root, '/opt/k3s.yaml', 'data-dir: /srv/k3s\n')
    write(root, '/srv/k3s/agent/etc/kubelet.conf.d/1.conf', 'volumePluginDir: /srv/plugins\n')
    assert directories.plugin_dir(running(proc, root)).path == '/srv/plugins'


def test_kubelite_reads_its_argument_file(proc, root):
    contained(proc, 10, ['/snap/microk8s/9/kubelite', '--kubelet-args-file=/var/snap/microk8s/9/args/kubelet', '--apiserver-args-file=/x'],
              environment={'SNAP_COMMON': '/var/snap/microk8s/common', 'SNAP_VERSION': 'v1.35.6'})
    write(root, '/var/snap/microk8s/9/args/kubelet',
          '# ours\n--root-dir=${SNAP_COMMON}/var/lib/kubelet\n--eviction-hard="memory.available<100Mi"\n--volume-plugin-dir=${SNAP_COMMON}/plugins\n')
    kubelet = running(proc, root)
    assert kubelet.root_dir == '/var/snap/microk8s/common/var/lib/kubelet'
    assert process.version(kubelet) == 'v1.35.6'
    found = directories.plugin_dir(kubelet)
    assert found[:2] == ('/var/snap/microk8s/common/plugins', 'config file')
    assert '/var/snap/microk8s/9/args/kubelet' in found.reason


def test_a_container_that_has_the_nodes_directory_mounted(proc, root, monkeypatch):
    monkeypatch.setattr(process.roots, 'candidates', lambda path, pid: [])
    plugins = root / 'plugins'
    plugins.mkdir()
    contained(proc, 10, ['/usr/bin/kubelet', f'--volume-plugin-dir={plugins}'])
    found = directories.plugin_dir(running(proc, '/'))
    assert found.path == str(plugins)
    assert 'namespace' not in found.reason


def test_a_container_without_the_directory_is_said(proc, root):
    contained(proc, 10, ['/usr/bin/kubelet', '--volume-plugin-dir=/plugins'])
    found = directories.plugin_dir(running(proc, root))
    assert found.path == '/plugins'
    assert 'sees no such directory' in found.reason


def test_a_containers_own_directory_is_not_mistaken_for_the_nodes(proc, root, monkeypatch):
    contained(proc, 10, ['/usr/bin/kubelet', '--volume-plugin-dir=/etc'])
    (root / 'etc').mkdir()
    monkeypatch.setattr(process.roots, 'candidates', lambda path, pid: [])
    assert 'another directory' in directories.plugin_dir(running(proc, root)).reason


def test_a_containers_path_is_turned_into_the_nodes(proc, root, monkeypatch):
    contained(proc, 10, ['/usr/bin/kubelet', '--volume-plugin-dir=/plugins'])
    (root / 'plugins').mkdir()
    monkeypatch.setattr(process.roots, 'candidates', lambda path, pid: ['/nowhere', str(root / 'plugins')])
    found = directories.plugin_dir(running(proc, root))
    assert found.path == str(root / 'plugins')
    assert str(root / 'plugins') in found.reason


def test_nothing_runs_and_kubeadm_set_the_node_up(root):
    write(root, '/usr/lib/systemd/system/kubelet.service', '[Service]\nExecStart=/usr/bin/kubelet\n')
    write(root, '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
          '[Service]\nEnvironment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\n'
          'EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/default/kubelet\n'
          'ExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n')
    write(root, '/var/lib/kubelet/config.yaml', 'volumePluginDir: /from-config\n')
    assert directories.plugin_dir(None, root=str(root))[:2] == ('/from-config', 'config file')
    write(root, '/var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--v=2 --volume-plugin-dir=/from-kubeadm"\n')
    assert directories.plugin_dir(None, root=str(root)).path == '/from-kubeadm'
    write(root, '/etc/default/kubelet', '# ours\nKUBELET_EXTRA_ARGS="--volume-plugin-dir /from-default"\n')
    found = directories.plugin_dir(None, root=str(root))
    assert found[:2] == ('/from-default', 'config file')
    assert '/etc/default/kubelet' in found.reason and 'none runs' in found.reason


@pytest.mark.parametrize('path, text, expected', [
    ('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS="--v=2 --root-dir=/data/kubelet"\n', '/data/kubelet'), ('/etc/default/kubelet', '', '/var/lib/kubelet'),
    ('/etc/systemd/system/k0sworker.service', '[Service]\nExecStart=/usr/bin/k0s worker\n', '/var/lib/k0s/kubelet'),
    ('/etc/systemd/system/k0sworker.service', '[Service]\nExecStart=/usr/bin/k0s worker --kubelet-extra-args=--root-dir=/k0s\n', '/k0s'),
    ('/var/snap/microk8s/current/args/kubelet', '--root-dir=${SNAP_COMMON}/var/lib/kubelet\n', '/var/snap/microk8s/common/var/lib/kubelet'),
])
def test_while_the_kubelet_starts_anew_its_pods_are_looked_for_where_it_keeps_them(root, path, text, expected):
    write(root, path, text)
    assert directories.root_dir(None, str(root)) == expected


def test_nothing_runs_and_k0s_wrote_a_config_file(root):
    write(root, '/etc/systemd/system/k0scontroller.service', '[Service]\nExecStart=/usr/bin/k0s controller --enable-worker\n')
    write(root, '/var/lib/k0s/kubelet-config.yaml', 'volumePluginDir: /from-k0s\n')
    found = directories.plugin_dir(None, root=str(root))
    assert found[:2] == ('/from-k0s', 'config file')
    assert '/var/lib/k0s/kubelet-config.yaml' in found.reason


@pytest.mark.parametrize(('path', 'text', 'expected'), [
    ('/etc/sysconfig/kubelet', 'KUBELET_EXTRA_ARGS=--volume-plugin-dir=/sysconfig\n', '/sysconfig'),
    ('/etc/default/kubelet', '; ours\n#OLD=--x\nKUBELET_EXTRA_ARGS=--v=2 --volume-plugin-dir=/without-quotes \nOTHER=x\n', '/without-quotes'),
    ('/etc/default/kubelet', "KUBELET_EXTRA_ARGS='--v=2 --volume-plugin-dir=/in-single'\n", '/in-single'),
    ('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--v=2 \\\n  --volume-plugin-dir=/on-another-line\n', '/on-another-line'),
    ('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS="--v=2\n--volume-plugin-dir=\\"/in two lines\\""\n', '/in two lines'),
    ('/var/lib/kubelet/config.yaml', 'volumePluginDir: /config\n', '/config'),
    ('/etc/rancher/rke2/config.yaml', 'kubelet-arg: ["volume-plugin-dir=/rke2"]\n', '/rke2'),
    ('/etc/rancher/rke2/config.yaml', 'profile: cis\n', '/var/lib/kubelet/volumeplugins'),
    ('/usr/local/lib/systemd/system/rke2-agent.service', '[Service]\nExecStart=/usr/local/bin/rke2 agent --kubelet-arg=volume-plugin-dir=/unit\n', '/unit'),
    ('/etc/rancher/k3s/config.yaml', 'kubelet-arg: volume-plugin-dir=/k3s\n', '/k3s'),
    ('/etc/systemd/system/k0sworker.service', '[Service]\nExecStart=/usr/bin/k0s worker --kubelet-extra-args="--volume-plugin-dir=/k0s --v=2"\n', '/k0s'),
    ('/etc/systemd/system/k0sworker.service', '[Service]\nExecStart=/usr/bin/k0s worker\n', '/usr/libexec/k0s/kubelet-plugins/volume/exec'),
    ('/var/snap/microk8s/current/args/kubelet', '--volume-plugin-dir=${SNAP_DATA}/p\n', '/var/snap/microk8s/current/p'),
    ('/etc/hostname', 'node\n', UPSTREAM),
])
def test_nothing_runs_and_what_is_installed_decides(root, path, text, expected):
    write(root, path, text)
    assert directories.plugin_dir(None, root=str(root)).path == expected


def test_where_others_may_write_matters_only_where_something_of_the_kubelets_is(root):
    write(root, '/usr/local/lib/systemd/system/other.service', '')
    (root / 'usr' / 'local').chmod(0o777)
    assert directories.plugin_dir(None, root=str(root)).path == UPSTREAM
    write(root, '/usr/local/lib/systemd/system/kubelet.service.d/ours.conf', '')
    with pytest.raises(NodeError, match=r'/usr/local may be written by others'):
        directories.plugin_dir(None, root=str(root))
