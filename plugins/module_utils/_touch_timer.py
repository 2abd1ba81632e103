# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timers that touch drivers, so that a kubelet which lost one finds it again.

A kubelet drops inotify events that come before its first probe, and that probe waits for the first volume operation (flexvolume/probe.go),
so one touch at its start cures nothing: a burst follows each start of the kubelet, then a slow steady interval for pods that come later.
"""

import re
import shutil

from . import _systemd
from ._driver_files import Place
from ._outcome import NodeError, Outcome

KUBELET_UNITS = ['kubelet.service', 'k3s.service', 'k3s-agent.service', 'rke2-server.service', 'rke2-agent.service', 'k0sworker.service',
                 'k0scontroller.service', 'snap.microk8s.daemon-kubelite.service', 'snap.microk8s.daemon-kubelet.service',
                 'snap.kubelet.daemon.service']
BURST = (5, 10, 15, 20, 30, 45)
SHORTEST = 1

TIMER = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Touch the FlexVolume driver {name}, so that the kubelet keeps finding it
PartOf={kubelet_units}

[Timer]
{burst}
OnUnitActiveSec={interval}
AccuracySec=1s
RandomizedDelaySec=2s

[Install]
WantedBy=timers.target {kubelet_units}
"""

SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Touch the FlexVolume driver {name}

[Service]
Type=oneshot
ExecStart={touch} -c "{executable}" "{directory}"
LogLevelMax=warning
CapabilityBoundingSet=
IPAddressDeny=any
LockPersonality=true
MemoryDenyWriteExecute=true
NoNewPrivileges=true
PrivateDevices=true
PrivateNetwork=true
PrivateTmp=true
ProtectClock=true
ProtectControlGroups=true
ProtectHome=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths="-{directory}"
RestrictAddressFamilies=none
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
"""


def ensure(drivers: list, plugin_dir: str, kubelet_unit, check: bool) -> Outcome:
    """Install, start or remove the touch timer of each driver.

    C(kubelet_unit) is the unit after whose start the timers run; None for the one that the node has, which is one of KUBELET_UNITS.
    """
    staying = [driver for driver in drivers if driver['state'] != 'absent']
    leaving = [driver for driver in drivers if driver['state'] == 'absent']
    for driver in staying:
        _refuse_interval(driver)
    if kubelet_unit is not None and not re.fullmatch(r'[A-Za-z0-9:_.\\@-]+\.service', kubelet_unit):
        raise NodeError(f'The kubelet_unit {kubelet_unit!r} is no systemd service: write its full name, for example kubelet.service.')
    if not _systemd.running():
        if not staying:
            return Outcome(touch_timers=[])
        raise NodeError('The touch timer needs systemd, which does not run on this node (/run/systemd/system is missing): run it on a node that '
                        'was booted with systemd, or switch the timer off (touch_timer: false, in the playbooks flexvolume_touch_timer=false).')
    kubelet_units = [kubelet_unit] if kubelet_unit else _systemd.installed(KUBELET_UNITS) or KUBELET_UNITS[:1]
    units = {}
    for driver in staying:
        units.update(texts(driver['name'], driver['touch_interval'], plugin_dir, kubelet_units))
    unwanted = [unit for driver in leaving for unit in (timer_of(driver['name']), service_of(driver['name']))]
    outcome = _systemd.ensure(units, [timer_of(driver['name']) for driver in staying], unwanted, check)
    elapses = outcome.facts.pop('timers')
    outcome.facts['touch_timers'] = [
        dict(name=str(driver['name']), unit=timer_of(driver['name']), **elapses.get(timer_of(driver['name']), {})) for driver in staying]
    return outcome


def timer_of(name) -> str:
    """Return the name of the driver's timer."""
    return f'flexvolume-touch-{name.unit}.timer'


def service_of(name) -> str:
    """Return the name of the service that the driver's timer starts."""
    return f'flexvolume-touch-{name.unit}.service'


def texts(name, interval: str, plugin_dir: str, kubelet_units: list) -> dict:
    """Return the texts of a driver's timer and service by their units' names."""
    place = Place(plugin_dir, name)
    return {
        timer_of(name): TIMER.format(name=name, interval=interval, kubelet_units=' '.join(kubelet_units),
                                     burst='\n'.join(f'OnActiveSec={seconds}s' for seconds in BURST)),
        service_of(name): SERVICE.format(name=name, touch=shutil.which('touch') or '/usr/bin/touch',
                                         executable=_escape(place.executable), directory=_escape(place.directory)),
    }


def _refuse_interval(driver: dict):
    interval = _systemd.seconds(driver['touch_interval'])
    if interval is None or interval < SHORTEST:
        raise NodeError(f'The touch_interval {driver["touch_interval"]!r} of the driver {driver["name"]} is no time span of a second or more: '
                        'write one as systemd does, for example 20s or 1min.')


def _escape(path: str) -> str:
    r"""Quote a path for a unit file, where C(%) begins a specifier and C(\) an escape (systemd.service(5))."""
    return path.replace('\\', '\\\\').replace('"', '\\"').replace('%', '%%').replace('$', '$$')
