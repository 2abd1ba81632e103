# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._bundle import packages
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError


@pytest.fixture
def node(monkeypatch):
    """A made-up node: which package manager it has, what is installed, and what is said to commands that begin so; C(run) are those that change it."""
    class Node:
        manager, installed, answers, run = 'apt-get', set(), {}, []

    def execute(command):
        if command[0] in ('dpkg-query', 'rpm'):
            there = command[-1] in Node.installed
            return (0, 'installed' if command[0] == 'dpkg-query' else 'it is') if there else (1, 'no packages found')
        Node.run.append(' '.join(command))
        return Node.answers.get(Node.run[-1], [(0, '')]).pop(0)

    Node.installed, Node.answers, Node.run = set(), {}, []
    monkeypatch.setattr(packages, '_run', execute)
    monkeypatch.setattr(packages.shutil, 'which', lambda name: name if name == Node.manager else None)
    return Node


@pytest.mark.parametrize('manager, command', [
    ('apt-get', 'apt-get --quiet --yes -o DPkg::Lock::Timeout=30 install -- jq nfs-common'),
    ('dnf', 'dnf --quiet --assumeyes install -- jq nfs-common'),
    ('yum', 'yum --quiet --assumeyes install -- jq nfs-common'),
    ('zypper', 'zypper --quiet --non-interactive install -- jq nfs-common'),
])
def test_what_is_missing_is_installed_by_the_manager_that_the_node_has(node, manager, command):
    node.manager, node.installed = manager, {'curl'}
    outcome = packages.ensure(['curl', 'jq', 'nfs-common'], False)
    assert node.run == [command]
    assert [change['after_header'] for change in outcome.diff] == ['package jq', 'package nfs-common']


def test_what_is_there_is_left_alone_in_whatever_version(node):
    node.installed = {'jq'}
    assert not packages.ensure(['jq=1.6'], False).changed
    assert node.run == []


def test_check_mode_installs_nothing(node):
    assert packages.ensure(['jq'], True).changed
    assert node.run == []


def test_nothing_is_asked_for_nothing(node):
    node.manager = None
    assert not packages.ensure([], False).changed


def test_a_node_without_lists_fetches_them_and_tries_again(node):
    install = 'apt-get --quiet --yes -o DPkg::Lock::Timeout=30 install -- jq'
    node.answers = {install: [(100, 'E: Unable to locate package jq'), (0, '')]}
    packages.ensure(['jq'], False)
    assert node.run == [install, 'apt-get --quiet update', install]


@pytest.mark.parametrize('manager, complaint', [
    (None, 'need the packages jq, and this node has none of apt-get, dnf, yum, zypper'), ('dnf', 'failed: No match for argument: jq. Install them by hand'),
])
def test_a_package_that_cannot_be_had_is_named(node, manager, complaint):
    node.manager = manager
    node.answers = {'dnf --quiet --assumeyes install -- jq': [(1, 'Fetching\nNo match for argument: jq.\n')]}
    with pytest.raises(NodeError, match=complaint):
        packages.ensure(['jq'], False)
