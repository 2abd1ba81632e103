# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever downloaded a tarball of the collection, and has one ansible-core."""

import json
import os
import pathlib
import subprocess

TESTS = pathlib.Path(__file__).parents[1]


class User:
    """Somebody with an ansible-core and one version of the collection, who runs plays on the node."""

    def __init__(self, core: pathlib.Path, tarball: str, home: pathlib.Path, inventory: pathlib.Path):
        self.collections = home
        self.directory = home / 'plays'
        self.directory.mkdir(parents=True)
        self._inventory = inventory
        self.core = core
        self.run('ansible-galaxy', 'collection', 'install', '--offline', tarball)

    @property
    def collection(self) -> pathlib.Path:
        """Where the collection was installed."""
        return self.collections / 'ansible_collections/nodeops/flexvolume'

    def run(self, *words: str, succeeds: bool = True) -> str:
        """Run a command of that ansible-core and return what it says; AssertionError where it fails, or where it does not and should."""
        environment = dict(os.environ, PATH=f'{self.core}/bin:{os.environ["PATH"]}', ANSIBLE_COLLECTIONS_PATH=str(self.collections),
                           ANSIBLE_HOME=str(self.collections / 'home'), ANSIBLE_PIPELINING='true', ANSIBLE_NOCOLOR='true', PYTHONPATH='')
        done = subprocess.run(words, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        assert (done.returncode == 0) == succeeds, done.stdout
        return done.stdout

    def documentation(self, kind: str) -> dict:
        """Return what ansible-doc has of each plugin of that kind, by its short name."""
        names = json.loads(self.run('ansible-doc', '--list', '--json', '--type', kind, 'nodeops.flexvolume'))
        documented = json.loads(self.run('ansible-doc', '--json', '--type', kind, *names)) if names else {}
        return {name.rpartition('.')[2]: entry for name, entry in documented.items()}

    def play(self, *words: str, succeeds: bool = True) -> str:
        """Run a playbook on the node."""
        return self.run('ansible-playbook', '--inventory', str(self._inventory), *words, succeeds=succeeds)

    def deploy(self, playbook: str = 'deploy') -> str:
        """Run a playbook of the collection with the demo's list of drivers."""
        return self.play('-e', f'@{TESTS}/demo/drivers.yml', f'nodeops.flexvolume.{playbook}')
