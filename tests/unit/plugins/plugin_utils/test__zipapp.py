# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import touch
from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _zipapp

ROOM = '''\
"""A room."""
import sys
from .. import _names
from . import other
from .other import THING

def main():
    print(_names.NAME, THING, __loader__.get_data('data/file').decode(), *sys.argv[1:])
    return 3
'''


@pytest.fixture
def house(tmp_path, monkeypatch):
    for name, text in {'_floor/__init__.py': '', '_floor/room.py': ROOM, '_floor/other.py': 'THING = "thing"\n', '_floor/unused.py': 'a syntax error\n',
                       '_names.py': 'NAME = "name"\n', '_wiring.py': 'import ansible\n'}.items():
        path = tmp_path / 'house' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    monkeypatch.setattr(_zipapp, 'HOUSE', tmp_path / 'house')
    return tmp_path / 'house'


@pytest.fixture
def run(tmp_path):
    def execute(content: bytes):
        path = tmp_path / 'app.pyz'
        path.write_bytes(content)
        done = subprocess.run([sys.executable, '-I', str(path), 'word'], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return execute


def build() -> bytes:
    return _zipapp.build('_floor.room:main', {'data/file': b'data'})


def test_it_runs_with_its_rooms_its_data_and_its_arguments(house, run):
    assert run(build()) == (3, 'name thing data word\n', '')


def test_it_holds_what_the_room_imports_and_no_more(house):
    assert _zipapp.rooms('_floor.room') == ['_floor/other.py', '_floor/room.py', '_names.py']


def test_the_same_input_gives_the_same_bytes(house):
    first = build()
    for path in house.rglob('*.py'):
        path.touch()
        path.chmod(0o600)
    assert build() == first
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert names == sorted(names)


@pytest.mark.parametrize('kept', [100, 500, -22, -1])
def test_cut_short_it_does_not_run(house, run, kept):
    whole = build()
    status, out, err = run(whole[:kept])
    assert (status, out) == (1, '')
    assert err.endswith('SyntaxError: encoding problem: cut-short.Fetch-this-file-again\n') or 'unknown encoding: cut-short' in err


def test_altered_it_does_not_run(house, run):
    whole = build()
    place = whole.index(b'PK', whole.index(b'_floor/other.py')) - 1
    status, out, err = run(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
    assert (status, out) == (1, '')
    assert err.endswith('app.pyz was altered: its checksum is not the one in its third line. Fetch it again.\n')
    assert err.count('\n') == 1


def test_the_deploy_of_a_node_can_be_built_from_the_real_house():
    assert {'_deploy/node.py', '_deploy/publish.py', '_outcome.py'} <= set(_zipapp.rooms('_deploy.node'))


def test_the_touch_program_lists_all_that_it_imports():
    assert [f'{room}.py' for room in touch.ROOMS] == _zipapp.rooms('_deploy.touch')
