# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of the documentation, as it stands, on a node which has what the example takes for granted."""

import json
import pathlib

import pytest
import yaml

COLLECTION = pathlib.Path(__file__).parents[2]
KINDS = {'module': 'modules', 'lookup': 'lookup'}
PLUGINS = [(kind, path.stem) for kind, directory in KINDS.items() for path in sorted((COLLECTION / 'plugins' / directory).glob('[!_]*.py'))]
DRIVER = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/fstab~cifs/cifs'
# The variables of the examples, each what it stands for.
VARIABLES = {
    'flexvolume_drivers': [{'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py', 'host_paths': [{'path': '/var/lib/dynhostpath', 'mode': '0700'}]}],
    'scratch_user': 'alice', 'scratch_password': 'not a secret',
}


@pytest.fixture(scope='module')
def settled(user, node):
    """The node with the demo's driver in its second version, somebody else's driver, and a host path on a large file system of its own."""
    (user.directory / 'first').write_text((COLLECTION / 'files/dynhostpath.py').read_text(encoding='utf-8') + '# first\n', encoding='utf-8')
    for src in ('first', 'dynhostpath.py'):
        drivers = [dict(VARIABLES['flexvolume_drivers'][0], src=src)]
        play(user, [{'nodeops.flexvolume.node': {'drivers': drivers}}])
    node('sh', '-c', f'mkdir -p {pathlib.Path(DRIVER).parent} && cat > {DRIVER} && chmod 0755 {DRIVER}',
         stdin=(COLLECTION / 'tests/conformance/drivers/good/shell.sh').read_text(encoding='utf-8'))
    node('mount', '-t', 'tmpfs', '-o', 'size=12G,mode=0700', 'tmpfs', '/var/lib/dynhostpath')
    yield
    node('umount', '/var/lib/dynhostpath')


@pytest.fixture(scope='module')
def documentation(user):
    """What ansible-doc shows, by kind and name."""
    return {kind: user.documentation(kind) for kind in KINDS}


def test_there_are_examples():
    assert ('module', 'node') in PLUGINS and ('lookup', 'rollout') in PLUGINS


@pytest.mark.parametrize(('kind', 'name'), PLUGINS, ids=lambda value: value)
def test_examples_run_as_they_stand(user, settled, documentation, kind, name):
    play(user, yaml.safe_load(documentation[kind][name]['examples']))


def play(user, what: list):
    """Run plays, or tasks of one; AssertionError, with what was said, where they fail."""
    plays = what if any('hosts' in entry for entry in what) else [{'hosts': 'all', 'gather_facts': False, 'tasks': what}]
    (user.directory / 'play.yml').write_text(json.dumps(plays), encoding='utf-8')
    (user.directory / 'variables.json').write_text(json.dumps(VARIABLES), encoding='utf-8')
    user.play('-e', '@variables.json', 'play.yml')
