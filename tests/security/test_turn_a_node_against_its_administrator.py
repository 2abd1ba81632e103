# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a node, answer Ansible what one likes there, and get hold of the controller, of the administrator's eyes, or of the other nodes."""

import json
import os
import subprocess

import pytest
from conftest import COLLECTION

# Whatever module it is given, it notes that and says what it is to say.
INTERPRETER = """\
#!/bin/sh
cat >> "$0.given"
cat "$0.answer"
"""
BECOME = """\
#!/bin/sh
while [ "${1#-}" != "$1" ]; do [ "$1" != -u ] || shift; shift; done
exec "$@"
"""
WELL = {'changed': False, 'troubles': [], 'drivers': [], 'kubelet': None, 'plugin_dir': None}
ROLES = """\
- hosts: all
  gather_facts: {gathered}
  roles: [nodeops.flexvolume.host_paths, nodeops.flexvolume.driver]
"""


class Inventory:
    """Nodes that somebody else has taken, and what the administrator does to them."""

    def __init__(self, directory):
        self.directory = directory
        self.names = []
        self.script('become', BECOME)

    def script(self, name, text):
        (self.directory / name).write_text(text, encoding='utf-8')
        (self.directory / name).chmod(0o755)

    def add(self, name, **answer):
        self.script(name, INTERPRETER)
        (self.directory / f'{name}.answer').write_text(json.dumps(answer), encoding='utf-8')
        self.names.append(name)

    def given(self, name):
        return (self.directory / f'{name}.given').read_text(encoding='utf-8')

    def play(self, playbook, **variables):
        hosts = {name: {'ansible_connection': 'local', 'ansible_python_interpreter': str(self.directory / name)} for name in self.names}
        everywhere = {'ansible_become_exe': str(self.directory / 'become'), 'flexvolume_drivers': [{'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py'}]}
        (self.directory / 'inventory.json').write_text(json.dumps({'all': {'hosts': hosts, 'vars': dict(everywhere, **variables)}}), encoding='utf-8')
        environment = dict(os.environ, ANSIBLE_PIPELINING='1', ANSIBLE_NOCOLOR='1', ANSIBLE_SHOW_CUSTOM_STATS='1')
        return subprocess.run(
            ['ansible-playbook', '--inventory', self.directory / 'inventory.json', playbook], cwd=self.directory, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


@pytest.fixture
def inventory(tmp_path):
    return Inventory(tmp_path)


def playbook(name):
    return COLLECTION / 'playbooks' / f'{name}.yml'


def test_write_files_of_the_controller(inventory, tmp_path):
    inventory.add('eve', **WELL, ansible_facts={'flexvolume_report_dir': str(tmp_path / 'written')})
    assert '1 healthy' in inventory.play(playbook('doctor'))
    assert not (tmp_path / 'written').exists()


def test_read_files_of_the_controller_by_gathered_facts(inventory, tmp_path):
    (tmp_path / 'key').write_text('PRIVATE', encoding='utf-8')
    (tmp_path / 'roles.yml').write_text(ROLES.format(gathered='true'), encoding='utf-8')
    inventory.add('eve', changed=False, ansible_facts={'flexvolume_drivers': [{'name': 'a/b', 'src': str(tmp_path / 'key')}]})
    assert 'eve sets flexvolume_drivers' in inventory.play(tmp_path / 'roles.yml')
    assert 'flexvolume.plugins.modules' not in inventory.given('eve')


def test_read_files_of_the_controller_by_the_answer_of_a_module(inventory, tmp_path):
    (tmp_path / 'roles.yml').write_text(ROLES.format(gathered='false'), encoding='utf-8')
    inventory.add('eve', changed=False, ansible_facts={'flexvolume_drivers': [{'name': 'a/b', 'src': str(tmp_path / 'key')}]})
    assert 'The src' not in inventory.play(tmp_path / 'roles.yml')
    assert 'modules.driver' in inventory.given('eve')


@pytest.mark.parametrize('name', ['deploy', 'doctor', 'validate'])
@pytest.mark.parametrize('failed', [False, True])
def test_run_code_on_the_controller(inventory, tmp_path, name, failed):
    code = "{{ lookup('pipe', 'touch " + str(tmp_path / 'run') + "') }}"
    inventory.add('eve', changed=False, failed=failed, msg=code, warnings=[code], diff=[{'before': code, 'after': code}], ansible_facts={'x': code},
                  troubles=[{'trouble': 'stray', 'driver': None, 'what': code, 'where': code, 'advice': code}])
    assert "lookup('pipe'" in inventory.play(playbook(name))
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('name', ['deploy', 'doctor', 'validate'])
def test_write_to_the_terminal_of_the_administrator(inventory, name):
    inventory.add('eve', failed=True, msg='\x1b]0;all is well\x07\x1b[2J\x9b1mno', exception='\x1b[2J', diff=[{'before': '\x1b[2J', 'after': 'x'}])
    shown = inventory.play(playbook(name))
    assert 'all is well' in shown
    assert not set(shown) & {'\x1b', '\x9b', '\x07'}


@pytest.mark.parametrize('lie', [
    {'troubles': [{'trouble': '\x1b[2J', 'driver': None, 'what': '', 'where': '', 'advice': ''}]},
    {'troubles': 'none'}, {'drivers': [{}]}, {'kubelet': {'version': 1}},
])
def test_keep_the_doctor_from_the_other_nodes(inventory, tmp_path, lie):
    inventory.add('eve', **dict(WELL, **lie))
    inventory.add('sick', **dict(WELL, troubles=[{'trouble': 'stray', 'driver': None, 'what': 'It lies.', 'where': '/x', 'advice': 'Remove it.'}]))
    shown = inventory.play(playbook('doctor'), flexvolume_report_dir=str(tmp_path / 'report'))
    assert 'Remove it.' in shown and '\x1b' not in shown
    assert json.loads((tmp_path / 'report' / 'fleet.json').read_text(encoding='utf-8'))['summary']['failed'] == 1


@pytest.mark.parametrize('name', ['doctor', 'metrics'])
def test_set_variables_of_the_next_job(inventory, name):
    inventory.add('eve', **WELL, ansible_stats={'data': {'flexvolume_hosts': 'somewhere'}, 'per_host': False, 'aggregate': False})
    assert 'somewhere' not in inventory.play(playbook(name), flexvolume_metrics_dir='/srv/metrics')


@pytest.mark.parametrize('lie', [{'ansible_facts': {'flexvolume_hosts': 'localhost'}}, {'warnings': 5}])
def test_hide_the_end_of_a_rollout(inventory, lie):
    inventory.add('eve', changed=False, **lie)
    inventory.add('other', failed=True, msg='No room.')
    shown = inventory.play(playbook('deploy'))
    assert '2 nodes: 0 changed, 1 unchanged, 1 failed' in shown
