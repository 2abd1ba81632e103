# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What attackers want, each test named after it. SECURITY.md says which promise each of them proves. Needs root; SOAK=1 runs the full counts."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

COLLECTION = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(COLLECTION / 'tests'))

from nodes.sets import NodeSet  # noqa: E402 -- tests/ is on the path only now

# The user nobody: any local user of a node.
EVE = 65534


def pytest_sessionstart(session):
    if os.geteuid():
        pytest.exit('the attackers of these tests are other users: run them as root', returncode=1)


@pytest.fixture
def soak():
    """Return the count for a test: the short one, or the full one when SOAK=1."""
    return lambda short, full: full if os.environ.get('SOAK') == '1' else short


@pytest.fixture
def home():
    """A directory of the attacker's, on a way that everybody may walk."""
    with tempfile.TemporaryDirectory(prefix='eve-', dir='/home') as directory:
        os.chown(directory, EVE, EVE)
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@pytest.fixture
def background(home):
    """Start processes that end with the test, before the attacker's directory goes."""
    started = []

    def start(*command, **options):
        words = [str(word) for word in command]
        started.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


class TargetNode:
    """A real node on which other people have accounts, and what the administrator does to it with Ansible."""

    def __init__(self, nodes: NodeSet, directory: pathlib.Path):
        self.nodes, self.name, self.directory = nodes, next(iter(nodes.nodes)), directory
        (directory / 'inventory.yml').write_text(nodes.inventory(), encoding='utf-8')

    def shell(self, script: str) -> str:
        return self.nodes.run(self.name, 'sh', '-c', script)

    def play(self, playbook, *options: str, pipelining: bool = True, **variables) -> subprocess.CompletedProcess:
        """Run a playbook of the collection by its name, or any other by its path."""
        environment = dict(os.environ, ANSIBLE_PIPELINING=str(pipelining), ANSIBLE_NOCOLOR='1', ANSIBLE_HOST_KEY_CHECKING='0')
        path = playbook if isinstance(playbook, pathlib.Path) else COLLECTION / 'playbooks' / f'{playbook}.yml'
        return subprocess.run(
            ['ansible-playbook', '--inventory', self.directory / 'inventory.yml', '--extra-vars', json.dumps(variables), path, *options],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture(scope='session')
def node(tmp_path_factory):
    """One node with systemd, and the user eve on it."""
    nodes = NodeSet('security')
    try:
        nodes.up(1)
        target = TargetNode(nodes, tmp_path_factory.mktemp('controller'))
        target.shell('id eve >/dev/null 2>&1 || useradd --create-home eve')
        yield target
    finally:
        nodes.down()
