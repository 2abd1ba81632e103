# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timer with which a node writes its metrics, for the textfile collector of Prometheus' node_exporter."""

import contextlib
import os

from .._outcome import NodeError, Outcome
from .._system import files, systemd, trust
from . import program, records, timers

UNIT = 'flexvolume-metrics'
FILE = 'flexvolume.prom'

TIMER = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Write the metrics of FlexVolume drivers

[Timer]
OnActiveSec=1s
OnUnitActiveSec={interval}
AccuracySec=5s
RandomizedDelaySec=5s

[Install]
WantedBy=timers.target
"""

# It calls each driver's init as the kubelet does, so it stays in the node's own mount namespace and a driver may do here what it may there; what is taken
# away is what no driver needs.
SERVICE = """\
# Written by the Ansible collection nodeops.flexvolume.
[Unit]
Description=Write the metrics of FlexVolume drivers

[Service]
Type=oneshot
TimeoutStartSec=5min
ExecStart={command} "{directory}"
LogLevelMax=warning
Nice=10
IOSchedulingClass=idle
CapabilityBoundingSet=~CAP_AUDIT_CONTROL CAP_SYS_BOOT CAP_SYS_TIME CAP_WAKE_ALARM
LockPersonality=true
ProtectHostname=true
RestrictRealtime=true
SystemCallErrorNumber=EPERM
SystemCallFilter=~@clock @cpu-emulation @obsolete @reboot @swap
"""


def ensure(directory: str, interval: str, writer: program.Program, check: bool) -> Outcome:
    """Have the node write its metrics into the directory at each interval, by the program C(writer)."""
    _refuse_directory(directory)
    _refuse(directory, interval)
    outcome = Outcome()
    with outcome.all_or_nothing():
        if not os.path.isdir(directory):
            outcome.note(directory, '', 'state: directory\n')
            if not check:
                files.make_directory(directory, outcome)
        if not check:
            program.install(outcome, writer)
        command = ' '.join(program.command(writer))
        texts = {f'{UNIT}.timer': TIMER.format(interval=interval), f'{UNIT}.service': SERVICE.format(command=command, directory=timers.escape(directory))}
        outcome.include(systemd.ensure(texts, [f'{UNIT}.timer'], [], check))
    outcome.cleanup.append(lambda: program.remove_others(writer, [program.place_of(writer)]))
    outcome.facts = {'metrics_file': os.path.join(directory, FILE)}
    return outcome


def remove(directory: str, writer: program.Program, check: bool) -> Outcome:
    """Have the node write no metrics any more, and remove what it wrote, so that nobody takes them for news."""
    _refuse_directory(directory)
    outcome = Outcome(metrics_file=None)
    file = os.path.join(directory, FILE)
    if systemd.running():
        outcome.include(systemd.ensure({}, [], [f'{UNIT}.timer', f'{UNIT}.service'], check))
    if os.path.lexists(file):
        outcome.note(file, 'state: file\n', 'state: absent\n')
    outcome.facts = {'metrics_file': None}
    if not check:
        files.unlink(file)
        program.remove_others(writer, [])
        with contextlib.suppress(OSError):
            os.rmdir(records.DIRECTORY)
    return outcome


def _refuse_directory(directory: str):
    if not directory:
        raise NodeError('There is no directory for the metrics: name what node_exporter has in --collector.textfile.directory, to the playbook as '
                        'flexvolume_metrics_dir, for example /var/lib/prometheus/node-exporter.')
    if not os.path.isabs(directory) or '\n' in directory:
        raise NodeError(f'The directory {directory!r} is no absolute path: write it from the root, as node_exporter has it in --collector.textfile.directory.')


def _refuse(directory: str, interval: str):
    if not systemd.running():
        raise NodeError('The metrics are written by a systemd timer, and systemd does not run on this node (/run/systemd/system is missing).')
    seconds = systemd.seconds(interval)
    if seconds is None or seconds < timers.SHORTEST:
        raise NodeError(f'The interval {interval!r} is no time span of a second or more: write one as systemd does, for example 1min.')
    # The collector's user may own the directory itself; what is written there is renamed into place and follows no link.
    trust.demand(os.path.dirname(os.path.normpath(directory)), 'What lies above the directory of the metrics,')
