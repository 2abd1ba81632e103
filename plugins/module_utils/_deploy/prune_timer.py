# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timers that let drivers remove what outlived its retention, by their own command C(prune)."""

from .._outcome import Outcome
from . import timers
from .driver_files import Place

TIMER = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Prune the volumes of the FlexVolume driver {name}

[Timer]
OnActiveSec=5min
OnUnitActiveSec={interval}
RandomizedDelaySec=1min

[Install]
WantedBy=timers.target
"""

# It looks at the node's mounts and unmounts images, so it stays in the node's own mount namespace.
SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Prune the volumes of the FlexVolume driver {name}

[Service]
Type=oneshot
ExecStart="{executable}" prune
LogLevelMax=notice
Nice=10
IOSchedulingClass=idle
LockPersonality=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX
RestrictRealtime=true
SystemCallArchitectures=native
"""


def ensure(drivers: list, plugin_dir: str, check: bool) -> Outcome:
    """Install, start or remove the prune timer of each driver; those without a C(prune_interval) have none."""
    wanted, unwanted = {}, []
    for driver in drivers:
        if driver['state'] == 'absent' or not driver['prune_interval']:
            unwanted.append(driver['name'])
            continue
        timers.refuse_interval(driver, 'prune_interval')
        executable = timers.escape(Place(plugin_dir, driver['name']).executable)
        wanted[driver['name']] = (TIMER.format(name=driver['name'], interval=driver['prune_interval']),
                                  SERVICE.format(name=driver['name'], executable=executable))
    return timers.ensure('prune', wanted, unwanted, 'leave prune_interval out', check)
