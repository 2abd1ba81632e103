# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_reader import DriverReader


@pytest.fixture
def read(mocker):
    """Return what reads the list that a task is given."""
    def act(**arguments):
        task = Task()
        task.args = arguments
        reader = mocker.Mock(spec=DriverReader, _task=task)
        return DriverReader._read(reader, dict(drivers=drivers.DRIVERS), 'node')['drivers']

    return act


@pytest.mark.parametrize('arguments', [{}, {'drivers': None}, {'drivers': ''}])
def test_without_a_list_an_example_is_shown(read, arguments):
    with pytest.raises(AnsibleActionFail, match=r'There is no list of drivers: .*flexvolume_drivers.*name: nodeops/dynhostpath'):
        read(**arguments)


@pytest.mark.parametrize('driver, complaint', [
    ({'name': 'a/b', 'host_paths': '/x'}, 'drivers[a/b].host_paths is a text, but it has to be a list of mappings: [{path: ...}].'),
    ({'name': 'a/b', 'host_paths': ['/x', '/y']}, 'drivers[a/b].host_paths[0] is a text, but it has to be a mapping: {key: value}.'),
    ({'name': 'a/b', 'host_paths': {'path': '/x'}}, 'drivers[a/b].host_paths is a mapping, but it has to be a list of mappings: [{path: ...}].'),
    ({'name': 'a/b', 'config': True}, 'drivers[a/b].config is true or false, but it has to be a mapping: {key: value}.'),
    ({'name': 'a/b', 'secrets': 'hunter2'}, 'drivers[a/b].secrets is a text, but it has to be a mapping: {key: value}.'),
    (1, 'drivers[0] is a number, but it has to be a mapping: {key: value}.'),
    (None, 'drivers[0] is nothing, but it has to be a mapping: {key: value}.'),
    ({'name': 'a/b', 'host_paths': None}, 'drivers[a/b].host_paths is nothing, but it has to be a list of mappings: [{path: ...}].'),
    ({'name': 'a/b', 'host_paths': [None]}, 'drivers[a/b].host_paths[0] is nothing, but it has to be a mapping: {key: value}.'),
    ({'name': 'a/b', 'packages': None}, 'drivers[a/b].packages is nothing, but it has to be a list: leave it out, or write [].'),
    ({'name': 'a/b', 'waive': None}, 'drivers[a/b].waive is nothing, but it has to be a mapping: {key: value}.'),
])
def test_what_has_another_shape_is_named_once_and_not_shown(read, driver, complaint):
    with pytest.raises(AnsibleActionFail) as caught:
        read(drivers=[driver])
    assert str(caught.value) == complaint


@pytest.mark.parametrize('entry, complaint', [
    ({'src': 'x'}, 'drivers[1]: missing required arguments: name'),
    ({'name': 'a/b', 'state': 'gone'}, 'drivers[a/b]: value of state must be one of: present, absent, previous, got: gone'),
    ({'name': 'a/b', 'host_paths': [{'mode': '0755'}]}, 'drivers[a/b]: missing required arguments: path found in host_paths'),
])
def test_of_many_drivers_the_one_that_is_wrong_is_named(read, entry, complaint):
    with pytest.raises(AnsibleActionFail) as caught:
        read(drivers=[{'name': 'c/d'}, entry])
    assert str(caught.value) == complaint


def test_a_setting_of_nothing_is_one_that_is_left_out(read):
    driver, = read(drivers=[{'name': 'a/b', 'config': None, 'src': None, 'prune_interval': None}])
    assert (driver['config'], driver['src'], driver['prune_interval']) == (None, None, None)


def test_a_text_that_is_no_json_is_refused(read):
    with pytest.raises(AnsibleActionFail, match='is a text and no JSON'):
        read(drivers='a/b')


@pytest.mark.parametrize('given, complaint', [
    (r'[{"name": "c/d"}, {"name": "a/b", "secrets": {"password": "\ud800"}}]', r"drivers[a/b] holds '\ud800', which is half of a character"),
    (r'[{"name": "a/b", "config": {"\udfff": 1}}]', r"drivers[a/b] holds '\udfff', which"),
    (r'[{"name": "a/\ud800"}]', r"drivers[a/\ud800] holds '\ud800', which"),
])
def test_half_a_character_is_refused_before_anything_fails_to_write_it(read, given, complaint):
    with pytest.raises(AnsibleActionFail) as caught:
        read(drivers=given)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize('number, said', [(errno.ENAMETOOLONG, 'File name too long'), (errno.EACCES, 'Permission denied')])
def test_a_source_that_cannot_be_read_is_named(mocker, number, said):
    reader = mocker.Mock(spec=DriverReader, _find=mocker.Mock(side_effect=OSError(number, said)))
    with pytest.raises(AnsibleActionFail, match=rf'The src nfs of the driver a/b cannot be read here \({said}\): correct the path'):
        DriverReader._content(reader, {'name': 'a/b', 'src': 'nfs'}, [])


@pytest.mark.parametrize('given', [
    [{'name': 'a/b', 'packages': 'jq,curl', 'config': '{"base": "/x"}'}],
    '[{"name": "a/b", "packages": ["jq", "curl"], "config": {"base": "/x"}}]',
])
def test_what_ansible_turns_into_the_right_shape_is_taken(read, given):
    driver, = read(drivers=given)
    assert (str(driver['name']), driver['packages'], driver['config']) == ('a/b', ['jq', 'curl'], {'base': '/x'})


def test_a_list_that_is_the_node_s_own_word_is_refused(mocker):
    reader = DriverReader(mocker.Mock(async_val=0, args={}), *[mocker.Mock() for _argument in range(5)])
    mocker.patch('ansible.plugins.action.ActionBase.run', return_value={})
    assert reader.run(task_vars={'inventory_hostname': 'n1', 'ansible_facts': {'os_family': 'Debian'}, 'flexvolume_drivers': []}) == {}
    with pytest.raises(AnsibleActionFail, match='The node n1 sets flexvolume_drivers as facts of its own'):
        reader.run(task_vars={'inventory_hostname': 'n1', 'ansible_facts': {'flexvolume_drivers': []}})
