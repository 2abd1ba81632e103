# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node says, as a module's result or in its place: the node may be somebody else's by now, and is believed no more than any."""

from __future__ import annotations

import dataclasses
import re

CAUSES = (
    ('sudo: not found', 'install sudo there, set another become_method, or connect as root.'),
    ('not in the sudoers file', 'let that user run sudo there, or connect as another one.'),
    ('must have a tty', 'take requiretty out of the sudoers file for that user, or run without pipelining.'),
    ('password is required', "give sudo's with --ask-become-pass, or let that user run sudo without one."),
    ('future feature annotations', 'that Python is too old for this ansible-core: set ansible_python_interpreter to a newer one, or use ansible-core 2.16.'),
    ('python', 'install Python 3.6 or later there, or set ansible_python_interpreter to where it is.'),
)
# A shell says so of what it does not find or may not run.
NOT_RUN = (126, 127)
# What else is no word of a module's.
BEFORE_IT = ('sudo', 'future feature annotations')
# What ssh says besides.
OF_SSH = re.compile(r'(ControlSocket .* already exists|Warning: Permanently added|(Shared )?[Cc]onnection to .* closed|mux_client_)')

# To Ansible, the first go before the inventory's variables; to AWX, the second are extra variables of a workflow's next job.
VARIABLES = ('ansible_facts', 'ansible_stats')
# Before 2.19 Ansible stumbles over others.
LISTS = ('warnings', 'deprecations')
# Of a result Ansible writes these to the terminal as they are.
SHOWN = ('msg', 'warnings', 'deprecations', 'diff', 'exception')
# What moves the cursor, changes colours or turns the direction of writing; not the end of a line and the tab.
CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')


def received(result: dict):
    """Take from a result what no module of ours says, and what would be believed: variables, lists that are none, and control characters."""
    for key in VARIABLES:
        result.pop(key, None)
    for key in LISTS:
        if not isinstance(result.get(key, []), list):
            del result[key]
    result.update({key: _harmless(result[key]) for key in SHOWN if key in result})
    explain(result)


def explain(result: dict):
    """Let C(msg) say what a node said that could not even run the module, where Ansible says that no JSON came."""
    lines = [' '.join(line.split()) for line in str(result.get('module_stderr') or result.get('module_stdout') or '').splitlines()]
    lines = [line for line in lines if line and not OF_SSH.match(line)]
    # Before it may come a banner, or sudo's lecture.
    said = next((line for line in reversed(lines) if any(cause in line for cause, _advice in CAUSES)), lines[-1] if lines else '')
    if not result.get('failed') or not said or (result.get('rc') not in NOT_RUN and not any(word in said for word in BEFORE_IT)):
        return
    advice = next((advice for cause, advice in CAUSES if cause in said), 'see to what it names.')
    result['msg'] = f'The module was not run, since the node said "{said}": {advice}'
    result.pop('exception', None)


def _harmless(value):
    if isinstance(value, str):
        return CONTROL.sub('\ufffd', value)
    if isinstance(value, dict):
        return {_harmless(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_harmless(item) for item in value])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # What a controller from 2.19 on makes of warnings and failures.
        return dataclasses.replace(value, **{field.name: _harmless(getattr(value, field.name)) for field in dataclasses.fields(value)})
    return value


def plain(message) -> str:
    """Return what a result says on one line, without what Ansible puts before it."""
    return ' '.join(str(message).split()).removeprefix('Task failed: ')


def without_name(sentence: str, host: str, instead: str) -> str:
    """Return the sentence without the node's name, so that what several nodes say alike is told once. A node may be called "a", or "node"."""
    return re.sub(rf'(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)', lambda _match: instead, sentence)
