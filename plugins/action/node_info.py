# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._module_runner import ModuleRunner


class ActionModule(ModuleRunner):
    """Run the module C(node_info)."""
