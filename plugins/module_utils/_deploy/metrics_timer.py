# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timer with which a node writes its metrics, for the textfile collector of Prometheus' node_exporter."""

import contextlib
import functools
import os
import re

from .._outcome import NodeError, Outcome
from .._system import files, roots, systemd, trust
from . import program, records, timers

UNIT = 'flexvolume-metrics'
FILE = 'flexvolume.prom'
COMMAND = re.compile(r'^ExecStart=.* "(.*)"$', re.MULTILINE)

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
""" + timers.AS_THE_KUBELET


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
        elsewhere = {_written()} - {os.path.join(directory, FILE), ''}
        _discard(elsewhere, outcome, check)
        outcome.include(systemd.ensure(texts, [f'{UNIT}.timer'], [], check))
        if elsewhere and not check:
            # A run that is still at work would write there once more.
            systemd.stop(f'{UNIT}.service')
    if not check:
        outcome.cleanup.append(lambda: program.remove_others(writer, [program.place_of(writer)]))
    outcome.facts = {'metrics_file': os.path.join(directory, FILE)}
    return outcome


def remove(directory: str, writer: program.Program, check: bool) -> Outcome:
    """Have the node write no metrics any more, and remove what it wrote."""
    _refuse_directory(directory)
    outcome = Outcome()
    _discard({_written(), os.path.join(directory, FILE)}, outcome, check)
    if systemd.running():
        outcome.include(systemd.ensure({}, [], [f'{UNIT}.timer', f'{UNIT}.service'], check))
    outcome.facts = {'metrics_file': None}
    if not check:
        program.remove_others(writer, [])
        with contextlib.suppress(OSError):
            os.rmdir(records.DIRECTORY)
    return outcome


def _written() -> str:
    """Return the file that the node writes so far, as the service that does it says; empty where there is none."""
    match = COMMAND.search(roots.read(os.path.join(systemd.UNIT_DIR, f'{UNIT}.service')) or '')
    return os.path.join(timers.unescape(match.group(1)), FILE) if match else ''


def _discard(paths: set, outcome: Outcome, check: bool):
    """Remove what nobody writes any more, which a collector would take for news for ever."""
    for path in sorted(filter(os.path.lexists, paths)):
        outcome.note(path, 'state: file\n', 'state: absent\n')
        if not check:
            outcome.cleanup.append(functools.partial(files.unlink, path))


def _refuse_directory(directory: str):
    if not directory:
        raise NodeError('There is no directory for the metrics: name what node_exporter has in --collector.textfile.directory, to the playbook as '
                        'flexvolume_metrics_dir, for example /var/lib/prometheus/node-exporter.')
    if not os.path.isabs(directory) or '\n' in directory:
        raise NodeError(f'The directory {directory!r} is no absolute path: write it from the root, as node_exporter has it in --collector.textfile.directory.')


def _refuse(directory: str, interval: str):
    if not systemd.running():
        raise NodeError('The metrics are written by a systemd timer, and systemd does not run on this node (/run/systemd/system is missing).')
    timers.refuse_interval('interval', interval)
    # The collector's user may own the directory itself; what is written there is renamed into place and follows no link.
    trust.demand(os.path.dirname(os.path.normpath(directory)), 'What lies above the directory of the metrics,')
