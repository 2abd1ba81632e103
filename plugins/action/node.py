# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils._driver_sender import DriverSender


class ActionModule(DriverSender):
    """Send the drivers' executables along with the module C(node)."""

    MODULE = 'nodeops.flexvolume.node'
