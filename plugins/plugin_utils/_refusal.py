# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an action refuses."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail


def refusal(sentence: str) -> AnsibleActionFail:
    """Return what to raise so that the user sees one sentence; ansible-core 2.16 and others would add a traceback, or that there is none."""
    error = AnsibleActionFail(sentence)
    error.result.pop('exception', None)
    return error
