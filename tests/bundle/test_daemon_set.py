# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pod of the DaemonSet, as the real kubelet runs it on two nodes."""

import kubernetes_validate
import pytest
import yaml
from machines import DRIVER, DYNHOSTPATH, EXECUTABLE

BROKEN = '#!/bin/sh\necho "{\\"status\\": \\"Failure\\", \\"message\\": \\"no licence\\"}"\nexit 1\n'


@pytest.mark.parametrize('version', ['1.25', '1.37'])
@pytest.mark.parametrize('secret', [False, True])
def test_the_api_server_would_take_the_manifest(controller, tmp_path, version, secret):
    """The oldest and the newest schema that the package has; there is no API server here."""
    config = {'base': '/var/lib/dynhostpath'} if secret else None
    out = controller.bundle(tmp_path, flexvolume_drivers=[{'name': DYNHOSTPATH, 'src': 'dynhostpath.py', 'config': config}])
    documents = list(yaml.safe_load_all((out / 'daemonset.yaml').read_text(encoding='utf-8')))
    assert [document['kind'] for document in documents] == ['Secret' if secret else 'ConfigMap', 'DaemonSet']
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.fixture
def node(deployed, joined, request):
    """Either node, without drivers."""
    machine = {'deployed': deployed, 'joined': joined}[request.param]
    for bundle in machine.shell('ls /var/lib/nodeops.flexvolume/*.pyz 2> /dev/null || true').split():
        machine.call('remove', '--delete-data', bundle=bundle)
    yield machine
    machine.end(*machine.manifests())


@pytest.mark.parametrize('node', ['deployed', 'joined'], indirect=True)
def test_it_publishes_the_drivers_and_is_ready(node, controller):
    assert not node.has(DYNHOSTPATH)
    daemon = node.put_daemon(controller.out)
    node.wait_ready(daemon)
    assert node.container(daemon)['restartCount'] == 0
    web = node.serve(DYNHOSTPATH, 'web')
    node.end(web, daemon)
    # Deleting it leaves the drivers.
    assert node.has(DYNHOSTPATH)


@pytest.mark.parametrize('node', ['joined'], indirect=True)
def test_a_changed_bundle_brings_its_drivers_and_one_that_fails_says_why_and_is_not_ready(node, controller, tmp_path):
    first = node.put_daemon(controller.out)
    node.wait_ready(first)
    changed = tmp_path / 'driver'
    changed.write_text(DRIVER.read_text(encoding='utf-8') + '\n# changed\n', encoding='utf-8')
    second = node.put_daemon(controller.bundle(tmp_path / 'changed', flexvolume_drivers=[{'name': DYNHOSTPATH, 'src': str(changed)}]))
    node.wait_ready(second)
    assert node.shell(f'tail -n 1 {EXECUTABLE}') == '# changed\n'

    changed.write_text(BROKEN, encoding='utf-8')
    third = node.put_daemon(controller.bundle(tmp_path / 'broken', flexvolume_drivers=[{'name': DYNHOSTPATH, 'src': str(changed)}]))
    node.wait_until(lambda: ended(node.container(third)), 'ended')
    said = ended(node.container(third))['message']
    assert 'is not published because its init fails: init answers Failure: no licence.' in said
    assert said.strip().count('\n') == 0
    assert not node.container(third)['ready']
    assert node.shell(f'tail -n 1 {EXECUTABLE}') == '# changed\n'

    last = node.put_daemon(controller.bundle(tmp_path / 'removal', flexvolume_daemonset={'image': 'localhost/shell:1', 'remove': True}))
    node.wait_ready(last)
    assert not node.has(DYNHOSTPATH)


def ended(container: dict) -> dict:
    return container.get('state', {}).get('terminated') or container.get('lastState', {}).get('terminated') or {}
