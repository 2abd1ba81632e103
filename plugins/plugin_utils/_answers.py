# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node says in place of a module's result."""

from __future__ import annotations

CAUSES = (
    ('sudo: not found', 'install sudo there, set another become_method, or connect as root.'),
    ('not in the sudoers file', 'let that user run sudo there, or connect as another one.'),
    ('python', 'install Python 3.6 or later there, or set ansible_python_interpreter to where it is.'),
)
# A shell says so of what it does not find or may not run.
NOT_RUN = (126, 127)


def explain(result: dict):
    """Let C(msg) say what a node said that could not even run the module, where Ansible says that no JSON came."""
    said = ' '.join(str(result.get('module_stderr') or result.get('module_stdout') or '').split())
    if not result.get('failed') or not said or (result.get('rc') not in NOT_RUN and 'sudo' not in said):
        return
    advice = next((advice for cause, advice in CAUSES if cause in said), 'see to what it names.')
    result['msg'] = f'The module was not run, since the node said "{said}": {advice}'
    result.pop('exception', None)
