# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SECURITY.md promises nothing without a test, and these tests are there."""

import re

import pytest
from conftest import COLLECTION

TEXT = (COLLECTION / 'SECURITY.md').read_text(encoding='utf-8')
PROMISES = re.search(r'\| promise \| test \|\n.*?\n((?:\|.*\n)+)', TEXT).group(1).splitlines()
NAMED = re.findall(r'`(tests/[\w/.]+)(?:::(\w+))?`', TEXT)


@pytest.mark.parametrize('promise', PROMISES)
def test_each_promise_has_a_test(promise):
    assert re.search(r'\| `tests/[^|]+` \|$', promise)


@pytest.mark.parametrize(('path', 'name'), NAMED)
def test_each_test_that_is_named_is_there(path, name):
    text = (COLLECTION / path).read_text(encoding='utf-8')
    assert f'def {name or "test_"}' in text


def test_each_attack_here_proves_a_promise():
    ours = {str(path.relative_to(COLLECTION)) for path in (COLLECTION / 'tests' / 'security').glob('test_*.py')} - {'tests/security/test_promises.py'}
    assert ours - {path for path, _name in NAMED} == set()
