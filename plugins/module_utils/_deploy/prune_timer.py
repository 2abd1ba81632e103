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

# It looks at the node's mounts and unmounts images, so it stays in the node's own mount namespace: whatever would give it one of its own is left out.
# It reads and removes what is anybody's (CAP_DAC_OVERRIDE, and CAP_FOWNER for sticky directories), and unmounts (CAP_SYS_ADMIN). Files without number take
# no memory of its own, but the kernel's for them counts. A run that is cut short is finished by the next one.
SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Prune the volumes of the FlexVolume driver {name}
After=time-sync.target
{mounts}
[Service]
Type=oneshot
TimeoutStartSec=1h
ExecStart="{executable}" prune
LogLevelMax=notice
Nice=10
IOSchedulingClass=idle
MemoryMax=256M
TasksMax=16
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN
DevicePolicy=closed
IPAddressDeny=any
KeyringMode=private
LockPersonality=true
MemoryDenyWriteExecute=true
NoNewPrivileges=true
PrivateNetwork=true
ProtectClock=true
ProtectHostname=true
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service umount2
SystemCallFilter=~@privileged @resources
UMask=0077
"""


def ensure(drivers: list, plugin_dir: str, check: bool) -> Outcome:
    """Install, start or remove the prune timer of each driver; those without a C(prune_interval) have none."""
    wanted, unwanted = {}, []
    for driver in drivers:
        if driver['state'] == 'absent' or not driver['prune_interval']:
            unwanted.append(driver['name'])
            continue
        executable = timers.escape(Place(plugin_dir, driver['name']).executable)
        wanted[driver['name']] = (TIMER.format(name=driver['name'], interval=driver['prune_interval']),
                                  SERVICE.format(name=driver['name'], executable=executable,
                                                 mounts=timers.required_mounts([entry['path'] for entry in driver['host_paths']])))
    return timers.ensure('prune', wanted, unwanted, 'leave prune_interval out', check)
