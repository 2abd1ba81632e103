# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What attackers want, each test named after it. SECURITY.md says which promise each of them proves. Needs root; SOAK=1 runs the full counts."""

import os
import pathlib
import subprocess
import tempfile

import pytest

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
