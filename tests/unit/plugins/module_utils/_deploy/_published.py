# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plugin dir of one's own, in which tests publish and withdraw."""

import hashlib
import os
import stat

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import publish, withdraw
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.driver_files import Payload, Place
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName

NAME = DriverName('acme', 'd')
ANSWER = '#!/bin/sh\n# {version}\necho \'{{"status": "{status}", "message": "no share"}}\'\n'


def mark(*contents):
    """Return the mark of these versions."""
    checksums = sorted(hashlib.sha256(content.encode()).hexdigest() for content in contents)
    return 'Published by the Ansible collection nodeops.flexvolume.\n' + ''.join(f'sha256: {checksum}\n' for checksum in checksums)


def script(version, status='Success'):
    return ANSWER.format(version=version, status=status)


def driver(name=NAME, **keys):
    return dict(dict(name=name, state='present', src=None, remote_src=False, packages=[], requires=[], config=None), **keys)


class Node:
    """A plugin dir of one's own, and what is seen in it."""

    def __init__(self, plugin_dir):
        self.dir = plugin_dir
        self.place = Place(str(plugin_dir), NAME)

    def publish(self, *contents, check=False, names=(NAME,), **keys):
        payloads = {name: Payload(content=content.encode()) for name, content in zip(names, contents)}
        return publish.ensure([driver(name, **keys) for name in names], payloads, str(self.dir), None, check, not check)

    def go_back(self):
        return publish.ensure([driver(state='previous')], {}, str(self.dir), None, False, True)

    def gone_back(self):
        outcome = self.go_back()
        outcome.settle()
        return outcome

    def withdraw(self, check=False):
        return withdraw.ensure([driver(state='absent')], str(self.dir), None, check)

    def deploy(self, content, **keys):
        outcome = self.publish(content, **keys)
        outcome.settle()
        return outcome

    def files(self):
        """Return what lies in the plugin dir: the mode, owner and content of each path."""
        return {os.path.relpath(path, str(self.dir)): self._file(path) for path in self._paths()}

    def _paths(self):
        for directory, _names, files in os.walk(str(self.dir)):
            yield directory
            for name in files:
                yield os.path.join(directory, name)

    @staticmethod
    def _file(path):
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            return stat.S_IMODE(status.st_mode), status.st_uid, None
        with open(path) as file:
            return stat.S_IMODE(status.st_mode), status.st_uid, file.read()
