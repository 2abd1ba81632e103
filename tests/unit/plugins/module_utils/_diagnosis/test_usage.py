# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os
import tracemalloc

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import usage


@pytest.fixture
def node(tmp_path):
    """A driver's directory, a base, and a function that records a volume there."""
    driver, base = tmp_path / 'plugins' / 'nodeops~dynhostpath', tmp_path / 'base'
    driver.mkdir(parents=True)
    base.mkdir()
    (driver / '.config.json').write_text(json.dumps({'base': str(base)}))

    class Node:
        directory = base

        @staticmethod
        def record(uid, volume='data', namespace='shop', path=None, text=None):
            state = base / '.state' / uid
            state.mkdir(parents=True, exist_ok=True)
            where = path or f'{namespace}/web/{uid}'
            (state / volume).write_text(json.dumps({'namespace': namespace, 'pod': 'web', 'directory': where}) if text is None else text)
            return base / where

        @staticmethod
        def of():
            return usage.of({'directory': str(driver)})

    return Node


def test_volumes_and_bytes_by_namespace(node):
    for uid, namespace, size in (('1', 'shop', 100000), ('2', 'shop', 5000), ('3', 'bank', 4000)):
        path = node.record(uid, namespace=namespace)
        path.mkdir(parents=True)
        (path / 'log').write_bytes(b'x' * size)
    found = node.of()
    assert {name: counted['volumes'] for name, counted in found['namespaces'].items()} == {'shop': 2, 'bank': 1}
    assert found['namespaces']['shop']['bytes'] >= 105000 > found['namespaces']['bank']['bytes'] >= 4000
    assert found['size'] >= found['free'] > 0 and found['base'] == str(node.directory)


def test_without_a_base_there_is_nothing_to_say(node):
    os.rmdir(str(node.directory))
    assert node.of() == {}


def test_a_million_names_take_no_memory(node, monkeypatch):
    monkeypatch.setattr(usage, 'MOST_FILES', 100)
    path = node.record('1')
    path.mkdir(parents=True)
    for number in range(10000):
        (path / f'{"x" * 200}{number}').touch()
    tracemalloc.start()
    try:
        assert node.of()['namespaces']['shop'] == {'volumes': 1, 'bytes': None}
        assert tracemalloc.get_traced_memory()[1] < 1000000
    finally:
        tracemalloc.stop()


def test_a_tenant_leads_nobody_astray(node, tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'big').write_bytes(b'x' * 1000000)
    path = node.record('1')
    path.mkdir(parents=True)
    (path / 'link').symlink_to(outside)
    os.mkfifo(str(path / 'fifo'))
    node.record('2').parent.mkdir(parents=True, exist_ok=True)
    (node.directory / 'shop/web/2').symlink_to(outside)
    node.record('3', path='../outside')
    found = node.of()['namespaces']['shop']
    assert found['volumes'] == 3
    assert found['bytes'] is None
    os.unlink(str(node.directory / '.state/3/data'))
    assert node.of()['namespaces']['shop']['bytes'] < 100000


@pytest.mark.parametrize('text', ['', 'no json', '[]', '{"namespace": 1}', '{"namespace": "a", "directory": null}', '{' * 100000])
def test_a_record_that_is_none_is_passed_over(node, text):
    node.record('1', text=text)
    assert node.of()['namespaces'] == {}


def test_there_is_an_end_to_the_work(node, monkeypatch):
    monkeypatch.setattr(usage, 'MOST_FILES', 20)
    for uid in ('1', '2'):
        path = node.record(uid, namespace=f'n{uid}')
        path.mkdir(parents=True)
        for number in range(15):
            (path / str(number)).touch()
    found = node.of()['namespaces']
    assert found['n1']['bytes'] is not None and found['n2'] == {'volumes': 1, 'bytes': None}


def test_a_tree_may_be_deep(node):
    path = node.record('1')
    path.joinpath(*['d'] * 60).mkdir(parents=True)
    assert node.of()['namespaces']['shop'] == {'volumes': 1, 'bytes': None}
