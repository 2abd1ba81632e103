# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layouts of one or two components, with and without size, by_pod and each retention: 6,100 combinations that the driver accepts, lives and leaves nothing of.

The callouts run in children of one interpreter, as in C(test_fuzz). Each layout of one component lives, with and without size, and ten others, 500 of them
if SOAK=1; COMBINATIONS sets another number.
"""

import importlib.machinery
import importlib.util
import itertools
import json
import os
import random
import shutil
from pathlib import Path

import pytest
from node import SOURCE
from test_driver import age
from test_fuzz import ForkServer

FIELDS = ('namespace', 'pod', 'uid', 'volume')
COMPONENTS = ('x', *('{' + field + '}' for field in FIELDS),
              *(f'{{{one}}}{joint}{{{other}}}' for one, other in itertools.permutations(FIELDS, 2) for joint in ('_', '-')))
LAYOUTS = tuple('/'.join(parts) for count in (1, 2) for parts in itertools.product(COMPONENTS, repeat=count))
CONFIGS = tuple({'layout': layout, 'size': size, 'retention': retention, 'by_pod': by_pod} for layout, size, retention, by_pod in itertools.product(
    LAYOUTS, (None, '4Mi'), ('retain', 'delete', '1h'), (False, True)))
VOLUMES = tuple(itertools.product(('u1', 'u2'), ('logs', 'data')))


def accepted_configs() -> list:
    """Return those that the driver's own check of its settings lets pass."""
    loader = importlib.machinery.SourceFileLoader('dynhostpath', str(SOURCE))
    driver = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(driver)

    def accepts(config: dict) -> bool:
        try:
            driver.settle_configuration(config, 'it')
        except driver.Refused:
            return False
        return True

    return [config for config in CONFIGS if accepts(config)]


class Life:
    """The callouts of two pods of one name, one after the other as of a StatefulSet, with two volumes each."""

    def __init__(self, node, fork):
        self.node = node
        self.fork = fork

    def accepts(self, config: dict) -> bool:
        self.node.configure(**config)
        return json.loads(self.fork.call(['init'])[1])['status'] == 'Success'

    def mount(self, uid: str, volume: str) -> Path:
        mount_dir = self.node.mount_dir(uid, volume)
        options = self.node.options(uid, **{'kubernetes.io/pod.name': 'web-0'})
        answer = json.loads(self.fork.call(['mount', str(mount_dir), json.dumps(options)])[1])
        assert answer == {'status': 'Success'}
        return mount_dir

    def unmount(self, uid: str, volume: str):
        assert json.loads(self.fork.call(['unmount', str(self.node.mount_dir(uid, volume))])[1]) == {'status': 'Success'}

    def live(self, config: dict):
        node, layout = self.node, config['layout']
        for uid, volume in VOLUMES:
            (self.mount(uid, volume) / f'{uid}.{volume}').touch()
            self.mount(uid, volume)
        assert len(node.mounts()) == len(VOLUMES) * (2 if config['size'] else 1)
        for uid, volume in VOLUMES:
            seen = {name.name for name in node.mount_dir(uid, volume).iterdir()}
            assert seen == {f'{one}.{other}' for one, other in VOLUMES
                            if ('{uid}' not in layout or one == uid) and ('{volume}' not in layout or other == volume)}
        for uid, volume in VOLUMES:
            self.unmount(uid, volume)
        assert node.mounts() == []
        kept = (self.mount('u1', 'logs') / 'u1.logs').exists()
        assert kept == (config['retention'] != 'delete')
        self.unmount('u1', 'logs')
        for uid in ('u1', 'u2'):
            node.forget_pod(uid)
        self.end(config)

    def end(self, config: dict):
        """Let all that can be due be due, and find what is left."""
        node = self.node
        if '{uid}' in config['layout']:
            node.configure(**{**config, 'retention': '1h'})
        for record in node.records():
            age(node, record)
        assert self.fork.call(['prune'])[0] == 0
        if '{uid}' not in config['layout']:
            # Such data are shared by pods, and for ever: the record and the link are all that is the driver's.
            shutil.rmtree(node.base)
            node.base.mkdir(mode=0o700)
        assert node.left_in_base() == []
        assert node.mounts() == []
        assert node.loops() == []


@pytest.fixture
def life(make_node, background):
    node = make_node()
    return Life(node, ForkServer(background, node.driver))


def test_what_is_accepted_lives_and_leaves_nothing(life, soak):
    accepted = accepted_configs()
    assert 1000 < len(accepted) < len(CONFIGS)
    chance = random.Random(os.environ.get('SEED'))
    chance.shuffle(accepted)
    simple = {(config['layout'], config['size']): config for config in accepted if '/' not in config['layout']}
    count = int(os.environ.get('COMBINATIONS') or soak(10, 500))
    chosen = [*simple.values(), *accepted[:count]]
    for config in chosen:
        life.node.configure(**config)
        try:
            life.live(config)
        except AssertionError as error:
            raise AssertionError(f'{config}: {error}') from error
    print(f'{len(chosen)} of {len(accepted)} accepted combinations of {len(CONFIGS)} lived')


def test_read_another_pods_data_through_a_name_that_joins_to_the_same_text(life):
    """The pod a-secret of the namespace team, and the pod secret of the namespace team-a."""
    texts = set()
    pods = [('team', 'a-secret'), ('team-a', 'secret')]
    for layout in ('{namespace}-{pod}', '{namespace}{pod}', 'x/{namespace}.{pod}', '{namespace}_{pod}'):
        if not life.accepts({'layout': layout}):
            continue
        for number, (namespace, pod) in enumerate(pods):
            options = life.node.options(f'u{number}', **{'kubernetes.io/pod.namespace': namespace, 'kubernetes.io/pod.name': pod})
            assert json.loads(life.fork.call(['mount', str(life.node.mount_dir(f'u{number}')), json.dumps(options)])[1]) == {'status': 'Success'}
        (life.node.mount_dir('u0') / 'secret').touch()
        assert list(life.node.mount_dir('u1').iterdir()) == []
        texts.add(layout)
        for number in range(2):
            life.unmount(f'u{number}', 'logs')
    assert texts == {'{namespace}_{pod}'}


@pytest.mark.parametrize('name', ['kubernetes.io/pod.namespace', 'kubernetes.io/pod.name'])
def test_say_a_name_that_no_pod_can_have(make_node, name):
    node = make_node(layout='{namespace}_{pod}')
    answer = node.mount('u1', **{name: 'a_b'})
    assert answer.status == 'Failure'
    assert 'no name of Kubernetes' in answer.message
