# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes before each touch of a driver: the program that its timer's service runs on the node, C(touch VENDOR/DRIVER [COMMAND...]).

A touch is an event, and on a kubelet before 1.24 the event of a driver whose init fails makes every later probe fail (room neighbours). So a driver is
touched only where its init, called as the kubelet calls it, answers Success. Before that, what a killed run left is finished, and host paths that went
with a reboot are made again. The COMMAND, where there is one, is the touch itself.
"""

# A program of its own prints for a person; nothing of this runs within a module.
# pylint: disable=ansible-bad-function

import contextlib
import os
import sys

from .._kubelet import callout, process
from .._names import DriverName
from .._outcome import NodeError
from .._system import lock
from . import host_paths, neighbours, records, recovery
from .driver_files import Place

# Seconds; the touches of other drivers take turns within it, and after a boot each has host paths of its own to make.
PATIENCE = 1
# The rooms that the program is made of; a unit test holds that this is what this room imports.
ROOMS = (
    '_deploy/driver_files', '_deploy/host_paths', '_deploy/neighbours', '_deploy/records', '_deploy/recovery', '_deploy/touch', '_kubelet/callout',
    '_kubelet/config', '_kubelet/go_json', '_kubelet/process', '_names', '_outcome', '_secrets', '_system/executables',
    '_system/files', '_system/lock', '_system/mounts', '_system/roots', '_system/systemd', '_system/trust')


def main() -> int:
    """Exit with 0 where the driver may be touched, else with 1 and a sentence on stderr, said once for as long as it stays the same.

    With a command, that is run where the driver may be touched, and a driver that must not be is no failure.
    """
    command = sys.argv[2:]
    try:
        name = DriverName.parse(' '.join(sys.argv[1:2]))
    except NodeError as error:
        print(error, file=sys.stderr)
        return 2
    remarks = []
    try:
        why = refusal(name, remarks)
    except (NodeError, OSError) as error:
        why = str(error)
    said = f'{name} is not touched: {why}' if why else ' '.join(remarks)
    if said != _read(records.said(name)):
        # A full disk must not keep a driver from being touched.
        with contextlib.suppress(OSError):
            records.write(records.said(name), said)
        if said:
            print(f'<4>{said}', file=sys.stderr)
    if not command:
        return 1 if why else 0
    if not why:
        os.execv(command[0], command)
    return 0


def refusal(name, remarks: list) -> str:
    """Do what has to be done before the driver is touched, and say why it must not be; empty where it may.

    What cannot be put right of other drivers is no reason, and is added to C(remarks).
    """
    kubelet, _disbelieved = process.search()
    try:
        with lock.held(patience=PATIENCE):
            record = records.read(name)
            if record:
                _put_right(record, kubelet, remarks)
    except lock.Held:
        # Whoever is at work on the node for so long sees to all this himself.
        record = records.read(name)
    if not record:
        return f'there is no record {records.path(name)}: deploy the driver again, or remove its timer.'
    place = Place(record['plugin_dir'], name)
    verdict = callout.init(place.executable, process.callout_environment(kubelet))
    return verdict.defect or ''


def _put_right(record: dict, kubelet, remarks: list):
    plugin_dir = record['plugin_dir']

    def heal():
        if kubelet and record['heal'] is not False:
            neighbours.heal(plugin_dir, lambda: record['heal'] or process.loses_drivers(process.version(kubelet)))

    for step in (lambda: recovery.recover(plugin_dir), heal):
        try:
            step()
        except (NodeError, OSError) as error:
            remarks.append(str(error))
    host_paths.restore(record['host_paths'])


def _read(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError:
        return ''
