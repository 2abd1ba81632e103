# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import hashlib
import os
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import driver_files
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload, Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError

NAME = DriverName('acme', 'd')


def driver(**keys):
    return dict(dict(name=NAME, state='present', src='d', remote_src=False), **keys)


def sent(content):
    return dict(name='acme/d', sha256=None, content=base64.b64encode(zlib.compress(content)).decode(), path=None)


def test_everything_but_the_executable_is_hidden_from_the_kubelet():
    place = Place('/plugins', NAME)
    assert (place.directory, place.executable) == ('/plugins/acme~d', '/plugins/acme~d/d')
    for path in (place.config, place.previous, place.previous_config, place.staging.directory):
        assert os.path.basename(path).startswith('.')


def test_a_driver_is_staged_in_the_plugin_dir_under_its_own_file_names():
    staging = Place('/plugins', NAME).staging
    assert os.path.dirname(staging.directory) == '/plugins'
    assert (os.path.basename(staging.executable), os.path.basename(staging.config)) == ('d', '.config.json')


@given(st.binary(max_size=200))
def test_what_is_sent_along_arrives_as_it_was(content):
    payload = Payload.sent(**sent(content))
    assert (payload.content, payload.size, payload.arrived) == (content, len(content), True)


def test_a_payload_that_is_a_file_is_summed_up_and_written(tmp_path):
    content = os.urandom(3 * driver_files.READ_AT_ONCE + 1)
    (tmp_path / 'd').write_bytes(content)
    payload = Payload(path=str(tmp_path / 'd'))
    with (tmp_path / 'copy').open('wb') as copy:
        payload.write(copy)
    assert (tmp_path / 'copy').read_bytes() == content
    assert (payload.sha256, payload.size) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_checksum_alone_has_not_arrived():
    payload = Payload(sha256='12')
    assert (payload.arrived, payload.size, str(payload)) == (False, 0, 'sha256: 12\n')


@pytest.mark.parametrize('first', ['#!/nowhere/python3', '#! /nowhere/python', '#!/nowhere/env python3'])
def test_a_python_that_the_node_lacks_gives_way_to_its_own(first):
    if 'env' in first:
        first = first.replace('python3', 'nowhere-python3')
    payload = driver_files.payloads([driver()], [sent(f'{first} -IS\nbody\n'.encode())])[NAME]
    assert payload.content == f'#!{sys.executable} -IS\nbody\n'.encode()


@pytest.mark.parametrize('content', [
    b'', b'#!', b'#!/bin/sh\nx', b'#!/nowhere/perl\nx', b'#!/nowhere/python3', b'#!/nowhere/python3\r\nx',
    b'\x7fELF#!/nowhere/python3\n', b'\n#!/nowhere/python3\n',
])
def test_any_other_first_line_is_left_alone(content):
    assert driver_files.with_interpreter(content) == content


def test_an_interpreter_that_the_node_has_is_left_alone():
    content = f'#!{sys.executable} -I\nx'.encode()
    assert driver_files.with_interpreter(content) == content


def test_the_interpreter_counts_for_the_checksum():
    content = b'#!/nowhere/python3\n'
    assert driver_files.payloads([driver()], [sent(content)])[NAME].sha256 == hashlib.sha256(f'#!{sys.executable}\n'.encode()).hexdigest()


def test_only_drivers_that_are_to_be_present_from_a_source_have_a_payload():
    drivers = [driver(), driver(name=DriverName('acme', 'gone'), state='absent'), driver(name=DriverName('acme', 'old'), state='previous'),
               driver(name=DriverName('acme', 'theirs'), src=None)]
    assert list(driver_files.payloads(drivers, [sent(b'x')])) == [NAME]


def test_a_source_that_was_not_sent_is_refused():
    with pytest.raises(NodeError, match='came without its src d: run the module through its action plugin'):
        driver_files.payloads([driver()], [])


def test_a_source_on_the_node_is_read_there(tmp_path):
    (tmp_path / 'd').write_bytes(b'there')
    found = driver_files.payloads([driver(src=str(tmp_path / 'd'), remote_src=True)], [])
    assert found[NAME].sha256 == hashlib.sha256(b'there').hexdigest()


@pytest.mark.parametrize('src', ['/nowhere/d', 'relative', '/'])
def test_a_source_on_the_node_that_is_no_file_is_refused(src):
    with pytest.raises(NodeError, match=f'The src {src} of the driver acme/d is no file on this node'):
        driver_files.payloads([driver(src=src, remote_src=True)], [])


def test_no_config_is_no_file_and_an_empty_one_is():
    assert (driver_files.config_text(None), driver_files.config_text({})) == ('', '{}\n')


def test_a_config_reads_the_same_in_whatever_order_its_keys_come():
    assert driver_files.config_text({'b': 'ä', 'a': 1}) == driver_files.config_text({'a': 1, 'b': 'ä'}) == '{\n  "a": 1,\n  "b": "ä"\n}\n'


@pytest.mark.parametrize('content', [None, b'bin\0ary', b'x' * (driver_files.READ_AT_ONCE + 1)])
def test_a_diff_shows_the_checksum_of_what_nobody_would_read(content):
    assert driver_files.readable(content, '12') == 'sha256: 12\n'


def test_a_diff_shows_a_script_even_where_it_is_no_utf_8():
    assert driver_files.readable(b'#!/bin/sh\n\xff\n', '12') == '#!/bin/sh\n\ufffd\n'
