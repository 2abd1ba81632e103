# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import re

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import metrics

LINE = re.compile(r'(flexvolume_[a-z_]+)(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?[0-9.e+-]+')


def driver(**changes):
    timer = {'unit': 'a.timer', 'service': 'a.service', 'active': True, 'failing': False, 'last': '2026-11-23T06:19:41Z'}
    return dict({
        'name': 'acme/nfs', 'symlink': False, 'sha256': 'ab' * 32, 'mtime': '2026-11-23T06:19:41Z', 'watched': True, 'registered': True,
        'init': {'seconds': 0.0204, 'defect': None}, 'touch_timer': timer, 'prune_timer': None, 'volumes': {'count': 3, 'oldest': '2026-11-23T06:19:41Z'},
    }, **changes)


def render(drivers=(), kubelet=True, troubles=(), kept=None):
    found = {'kubelet': {'version': 'v1.29.3', 'watches_plugin_dir': True} if kubelet else None, 'plugin_dir': {'kubelet_path': '/plugins'},
             'drivers': list(drivers)}
    return metrics.render(found, list(troubles), kept or {}, 1795619810.5, 0.1234)


def test_a_healthy_driver():
    text = render([driver(prune_timer={'active': True, 'failing': False, 'last': None})], kept={
        'base': '/var/lib/dynhostpath', 'free': 5, 'size': 10, 'namespaces': {'shop': {'volumes': 2, 'bytes': 4096}, 'big': {'volumes': 9, 'bytes': None}}})
    lines = text.splitlines()
    for expected in (
            'flexvolume_driver_healthy{driver="acme/nfs"} 1', 'flexvolume_driver_init_seconds{driver="acme/nfs"} 0.02',
            'flexvolume_driver_watched{driver="acme/nfs"} 1', 'flexvolume_driver_last_touch_timestamp_seconds{driver="acme/nfs"} 1795414781',
            'flexvolume_driver_info{driver="acme/nfs",version="abababababab"} 1', 'flexvolume_kubelet_watches_plugin_dir 1',
            'flexvolume_volumes{driver="acme/nfs"} 3', 'flexvolume_dynhostpath_bytes{namespace="shop"} 4096', 'flexvolume_prune_failed{driver="acme/nfs"} 0',
            'flexvolume_dynhostpath_volumes{namespace="big"} 9', 'flexvolume_dynhostpath_base_free_bytes{base="/var/lib/dynhostpath"} 5'):
        assert expected in lines
    assert 'bytes{namespace="big"}' not in text and 'flexvolume_trouble{' not in text


@pytest.mark.parametrize('changes', [
    {'init': {'seconds': 0.1, 'defect': 'it printed nothing.'}}, {'init': None, 'sha256': None, 'mtime': None}, {'registered': False}, {'symlink': True}])
def test_a_driver_that_the_kubelet_does_not_take_is_not_healthy(changes):
    assert 'flexvolume_driver_healthy{driver="acme/nfs"} 0\n' in render([driver(**changes)])


def test_troubles_are_counted():
    wrong = [{'trouble': 'unsafe', 'driver': 'acme/nfs'}] * 2 + [{'trouble': 'not_watched', 'driver': None}]
    text = render(troubles=wrong)
    assert 'flexvolume_trouble{trouble="unsafe",driver="acme/nfs"} 2\n' in text
    assert 'flexvolume_trouble{trouble="not_watched",driver=""} 1\n' in text


def test_what_is_not_known_is_left_out():
    text = render([driver(registered=None, touch_timer=None)], kubelet=False)
    assert not re.search('registered|watche|kubelet_info|touch_timer', text)


@pytest.mark.parametrize('name', ['a"b/c', 'a\\b/c', 'a\nb/c', 'n\udce9/c', '</x>{y="z"}', 'a b/c'])
def test_every_line_is_one_whatever_a_driver_is_called(name):
    text = render([driver(name=name)], troubles=[{'trouble': 'unsafe', 'driver': name}])
    text.encode('utf-8')
    for line in text.splitlines():
        assert line.startswith('# ') or LINE.fullmatch(line), line


def test_each_metric_is_introduced_once_with_its_type():
    text = render([driver(), driver(name='b/b')])
    introduced = re.findall(r'^# TYPE (\w+) gauge$', text, re.MULTILINE)
    assert sorted(set(introduced)) == sorted(introduced)
    assert set(introduced) == {line.split('{')[0].split(' ')[0] for line in text.splitlines() if not line.startswith('#')}


def test_the_file_replaces_a_link_that_somebody_put_there_and_follows_none(tmp_path):
    victim = tmp_path / 'victim'
    victim.write_text('precious')
    directory = tmp_path / 'textfile'
    directory.mkdir()
    (directory / metrics.FILE).symlink_to(victim)
    metrics.write(str(directory), 'text\n')
    assert victim.read_text() == 'precious'
    assert (directory / metrics.FILE).read_text() == 'text\n' and not (directory / metrics.FILE).is_symlink()
    assert os.stat(str(directory / metrics.FILE)).st_mode & 0o777 == 0o644
    assert [path.name for path in directory.iterdir()] == [metrics.FILE]
