# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  delegation:
    description: Can be used in conjunction with C(delegate_to) and related keywords.
    support: full
  platform:
    description: Target OS and families that can be operated against.
    platforms: linux
    support: full
options: {}
requirements:
  - Python 3.6 or later on the node
"""

    # Those that follow are named before the others, since the first that speaks of an attribute counts.
    INFO = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details: This module changes nothing in any mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details: This module changes nothing.
options: {}
"""

    # Of a module that an action plugin runs.
    ACTION = r"""
attributes:
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details: The action plugin of the same name does its part on the controller, before and after what is done on the node.
options: {}
"""
