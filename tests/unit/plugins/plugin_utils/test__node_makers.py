# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess

import pytest
import yaml

from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _node_makers

BUNDLE = b'the bundle'
SHA256 = hashlib.sha256(BUNDLE).hexdigest()


def manifest(bundle=BUNDLE, secret=False, at_boot=False, image='busybox@sha256:12', name='flexvolume-node', namespace='kube-system', **keys):
    text = _node_makers.daemon_set(bundle, secret, at_boot, image, name, namespace, **keys)
    return list(yaml.safe_load_all(text))


def decoded(text):
    return base64.b64decode(text)


@pytest.mark.parametrize('at_boot, command', [(False, ['apply']), (True, ['apply', '--at-boot'])])
def test_cloud_init_writes_the_bundle_for_root_alone_and_applies_it(at_boot, command):
    text = _node_makers.cloud_init(BUNDLE, at_boot)
    assert text.startswith('#cloud-config\n')
    part = yaml.safe_load(text)
    assert [(file['path'], file['permissions'], decoded(file['content'])) for file in part['write_files']] == [
        ('/run/flexvolume-node.pyz', '0600', BUNDLE)]
    assert part['runcmd'] == [['python3', '-I', '/run/flexvolume-node.pyz', *command]]


@pytest.mark.parametrize('secret, kind, data, volume', [
    (False, 'ConfigMap', 'binaryData', {'configMap': {'name': f'flexvolume-node-{SHA256[:12]}'}}),
    (True, 'Secret', 'data', {'secret': {'secretName': f'flexvolume-node-{SHA256[:12]}'}}),
])
def test_the_daemon_set_mounts_the_bundle_from_an_object_that_is_named_after_it(secret, kind, data, volume):
    held, daemon_set = manifest(secret=secret)
    assert (held['kind'], held['metadata']['name'], held['immutable']) == (kind, f'flexvolume-node-{SHA256[:12]}', True)
    assert decoded(held[data]['flexvolume-node.pyz']) == BUNDLE
    assert {'name': 'bundle', **volume} in daemon_set['spec']['template']['spec']['volumes']


def test_its_pods_are_privileged_and_have_no_more_than_they_need():
    pod = manifest()[1]['spec']['template']['spec']
    assert pod['hostPID'] and not pod['automountServiceAccountToken']
    container, = pod['containers']
    assert container['securityContext'] == {'privileged': True, 'readOnlyRootFilesystem': True, 'runAsUser': 0}
    assert container['image'] == 'busybox@sha256:12'
    assert f'{SHA256}  /bundle/flexvolume-node.pyz' in container['args'][0]


@pytest.mark.parametrize('keys, words', [
    ({}, ['" sh apply; do', 'sleep 2147483647 &']), ({'at_boot': True}, ['" sh apply --at-boot; do']), ({'interval': '10min'}, ['sleep 600 &']),
    ({'remove': True, 'at_boot': True}, ['" sh remove; do']),
])
def test_what_its_pods_do(keys, words):
    script = manifest(**keys)[1]['spec']['template']['spec']['containers'][0]['args'][0]
    for word in words:
        assert word.replace('" sh', "' sh") in script


@pytest.mark.parametrize('bundle, said, agrees', [(BUNDLE, 'applied\nno more\n', True), (b'another', '{bundle}: FAILED\n', False)])
def test_its_pods_need_no_other_program_than_is_promised(tmp_path, bundle, said, agrees):
    """Their image is anybody's; here the node agrees at first, and no more when it is asked again."""
    (tmp_path / 'run').mkdir()
    (tmp_path / 'bin').mkdir()
    for program in ('sh', 'sha256sum'):
        (tmp_path / 'bin' / program).symlink_to(shutil.which(program))
    for program, text in (('sleep', 'exit 0'), ('nsenter', '[ -e agrees ] && echo no more && exit 1; echo applied')):
        (tmp_path / 'bin' / program).write_text(f'#!/bin/sh\n{text}\n')
        (tmp_path / 'bin' / program).chmod(0o755)
    (tmp_path / 'flexvolume-node.pyz').write_bytes(bundle)
    script = manifest()[1]['spec']['template']['spec']['containers'][0]['args'][0]
    script = script.replace('/run/flexvolume', str(tmp_path / 'run')).replace('/bundle/', f'{tmp_path}/')
    done = subprocess.run(['/bin/sh', '-ec', script], env={'PATH': str(tmp_path / 'bin')}, stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, said.format(bundle=tmp_path / 'flexvolume-node.pyz'))
    assert (tmp_path / 'run' / 'agrees').exists() == agrees


@pytest.mark.parametrize('keys', [
    {'image': ''}, {'image': 'a\nb'}, {'image': '{a: b}'}, {'name': 'A'}, {'name': 'x' * 50}, {'namespace': '-a'}, {'namespace': 'a b'},
])
def test_what_kubernetes_would_not_take_is_refused(keys):
    with pytest.raises(NodeError, match=f'The {next(iter(keys))} .* is not one that Kubernetes takes'):
        manifest(**keys)


def test_a_bundle_that_is_too_large_for_one_object_is_refused():
    with pytest.raises(NodeError, match='more than the 1048576 that Kubernetes takes'):
        manifest(os.urandom((1 << 20) + 1))
