# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import io
import os
import subprocess
import sys

from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import screen


def test_what_stdout_cannot_hold_is_escaped(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding='ascii')
    monkeypatch.setattr(sys, 'stdout', stream)
    screen.say('Größe … \udcff')
    assert stream.buffer.getvalue() == b'Gr\\xf6\\xdfe \\u2026 \\udcff\n'


def test_who_has_seen_enough_may_stop_reading(tmp_path):
    script = tmp_path / 'say.py'
    script.write_text(f'from {screen.__name__} import say\nsay("line\\n" * 100000)\nsay("more")\n')
    done = subprocess.run(f'{sys.executable} {script} | head -n 1', shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert (done.stdout, done.stderr) == (b'line\n', b'')
