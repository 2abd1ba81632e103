# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timers that touch drivers, so that a kubelet which lost one finds it again.

A kubelet drops inotify events that come before its first probe, and that probe waits for the first volume operation (flexvolume/probe.go),
so one touch at its start cures nothing: a burst follows each start of the kubelet, then a slow steady interval for pods that come later.

The kubelet tries a pod whose mount failed again after 10 to 15 seconds (kubelet/pod_workers.go), and only then sees what a touch has mended. In the burst
a touch comes before each first retry. Later, one in 15 seconds comes before the first retry or the second, so that hardly a pod waits longer than 30 s,
for four touches a minute; each costs one init and one line in the kubelet's log.
"""

import os
import re
import shutil

from .._kubelet import process
from .._outcome import NodeError, Outcome
from .._system import mounts, roots, systemd
from . import host_paths, program, records, timers
from .driver_files import Place

KUBELET_UNITS = ['kubelet.service', 'k3s.service', 'k3s-agent.service', 'rke2-server.service', 'rke2-agent.service', 'k0sworker.service',
                 'k0scontroller.service', 'snap.microk8s.daemon-kubelite.service', 'snap.microk8s.daemon-kubelet.service',
                 'snap.kubelet.daemon.service']
BURST = (10, 20, 30, 40)

TIMER = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Touch the FlexVolume driver {name}, so that the kubelet keeps finding it
PartOf={kubelet_units}

[Timer]
{burst}
OnUnitActiveSec={interval}
AccuracySec=100ms
RandomizedDelaySec=1s

[Install]
WantedBy=timers.target {kubelet_units}
"""

# systemd's limit is five starts in ten seconds, and a touch_interval may be shorter.
# The callout is made as the kubelet makes it, hence outside of the sandbox (the plus sign), in which the touch itself is made. A systemd that knows no
# conditions leaves the touch to the program.
SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Touch the FlexVolume driver {name}
StartLimitIntervalSec=0
{mounts}
[Service]
Type=oneshot
TimeoutStartSec=60s
{start} -c "{executable}" "{directory}"
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
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
"""
START = 'ExecCondition=+{program} {name}\nExecStart={touch}'
START_WITHOUT_CONDITION = 'ExecStart=+{program} {name} {touch}'


def ensure(drivers: list, plugin_dir: str, kubelet, kubelet_unit, check: bool, heal=None) -> Outcome:
    """Install, start or remove the touch timer of each driver, and what its service needs on the node.

    C(kubelet_unit) is the unit after whose start the timers run; None for that of the running kubelet, or else those of KUBELET_UNITS that the node has.
    C(heal) says whether to help a kubelet that a broken neighbour confuses, None for only where its version is one that can be.
    """
    staying = [driver for driver in drivers if driver['state'] != 'absent']
    leaving = [driver['name'] for driver in drivers if driver['state'] == 'absent']
    kubelet_units = units_of_kubelet(kubelet, kubelet_unit)
    if staying and os.path.isdir(plugin_dir) and roots.mount_flags(plugin_dir) & os.ST_RDONLY:
        outcome = _ensure([], leaving + [driver['name'] for driver in staying], plugin_dir, [], heal, check)
        outcome.warnings.append(f'The drivers in {plugin_dir} have no touch timer, since it lies on a file system that is mounted read-only: give the kubelet '
                                'a --volume-plugin-dir that can be written, or restart it whenever it has lost a driver.')
        return outcome
    return _ensure(staying, leaving, plugin_dir, kubelet_units, heal, check)


def _ensure(staying: list, leaving: list, plugin_dir: str, kubelet_units: list, heal, check: bool) -> Outcome:
    command = ' '.join(program.command())
    table = mounts.read() if staying else []
    wanted, outcome = {}, Outcome()
    if not check:
        # Before what the records add, so that it comes after that.
        outcome.cleanup.append(program.tidy)
    with outcome.all_or_nothing():
        outcome.undo.append(program.tidy)
        for driver in staying:
            remembered = host_paths.remembered(driver, table)
            wanted[driver['name']] = texts(driver['name'], driver['touch_interval'], plugin_dir, kubelet_units, command, remembered)
            records.keep(driver['name'], {'plugin_dir': plugin_dir, 'host_paths': remembered, 'heal': heal}, outcome, check)
        for name in leaving:
            records.keep(name, {}, outcome, check)
        if wanted:
            program.install(outcome, check=check)
        advice = 'switch the timer off (touch_timer: false, in the playbooks flexvolume_touch_timer=false)'
        outcome.include(timers.ensure('touch', wanted, leaving, advice, check))
    return outcome


def units_of_kubelet(kubelet, kubelet_unit) -> list:
    """Return the names of the units that may run the kubelet: the given one, else that of the running kubelet, else the known ones that the node has."""
    if kubelet_unit is not None and not re.fullmatch(r'[A-Za-z0-9:_.\\@-]+\.service', kubelet_unit):
        raise NodeError(f'The kubelet_unit {kubelet_unit!r} is no systemd service: write its full name, for example kubelet.service.')
    unit = kubelet_unit or (process.unit(kubelet) if kubelet else None)
    return [unit] if unit else systemd.installed(KUBELET_UNITS) or KUBELET_UNITS[:1]


def timer_of(name) -> str:
    """Return the name of the driver's touch timer."""
    return timers.timer_of('touch', name)


def texts(name, interval: str, plugin_dir: str, kubelet_units: list, command: str, remembered: list) -> tuple:
    """Return the texts of a driver's timer and service."""
    place = Place(plugin_dir, name)
    burst = '\n'.join(f'OnActiveSec={seconds}s' for seconds in BURST)
    start = START if systemd.version() >= systemd.EXEC_CONDITION else START_WITHOUT_CONDITION
    return (
        TIMER.format(name=name, interval=interval, kubelet_units=' '.join(kubelet_units), burst=burst),
        SERVICE.format(name=name, start=start.format(program=command, name=name, touch=shutil.which('touch') or '/usr/bin/touch'),
                       mounts=timers.required_mounts([entry['path'] for entry in remembered]),
                       executable=timers.escape(place.executable), directory=timers.escape(place.directory)))
