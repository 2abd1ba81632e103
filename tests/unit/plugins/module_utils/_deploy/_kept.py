# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plugin dir with a driver of which a record is kept, and what is made there to help the kubelet with its neighbours."""

import contextlib
import os

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import neighbours, records
from ansible_collections.nodeops.flexvolume.plugins.module_utils._names import DriverName
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome

NAME = DriverName('acme', 'd')
GOOD = '#!/bin/sh\necho \'{"status": "Success"}\'\n'
BAD = '#!/bin/sh\necho \'{"status": "Failure", "message": "no share"}\'\n'


@contextlib.contextmanager
def unheld(patience):
    yield


def keep(plugins, host_paths=(), heal=None):
    records.keep(NAME, {'plugin_dir': str(plugins), 'host_paths': list(host_paths), 'heal': heal}, Outcome(), check=False)


def put(plugins, directory, text):
    (plugins / directory).mkdir(parents=True, exist_ok=True)
    path = plugins / directory / directory.rpartition('~')[2]
    path.write_text(text)
    path.chmod(0o755)
    return path


def events(plugins, monkeypatch):
    made = []
    mkdir, rmdir = os.mkdir, os.rmdir
    monkeypatch.setattr(os, 'mkdir', lambda path, *mode: made.append(('mkdir', path)) or mkdir(path, *mode))
    monkeypatch.setattr(os, 'rmdir', lambda path: made.append(('rmdir', path)) or rmdir(path))
    return made


def seen(plugins, begun='', there=()):
    neighbours._write({str(plugins): {'begun': str(begun), 'empty': {}, 'there': list(there)}})
