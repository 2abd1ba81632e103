# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd timers that belong to drivers: for each kind, such as touch, one timer and one service a driver."""

import os
import re

from .._names import DriverName
from .._outcome import NodeError, Outcome
from .._system import roots, systemd

SHORTEST = 1
# A hundred years. What is far more systemd cannot reckon with, and passes over, so that the timer never elapses.
LONGEST = 100 * 365 * 86400
# An older systemd, which knows no conditions, has it make the touch as well.
PROGRAM = re.compile(r'^Exec(?:Condition|Start)=\+\S+ -I -S (\S+) ', re.MULTILINE)
# How each timer's text begins, by which the driver is known again.
WRITTEN = re.compile(r'# Written by the Ansible collection nodeops\.flexvolume\.\n\[Unit\]\nDescription=.* the FlexVolume driver ([^/\s]+)/([^/\s,]+)')
# Of a service that calls drivers as the kubelet does: it stays in the node's own mount namespace, which is the kubelet's, and a driver may do there what it may
# under the kubelet, so that the verdict is the same; what is taken away is what no driver needs.
AS_THE_KUBELET = """\
CapabilityBoundingSet=~CAP_AUDIT_CONTROL CAP_SYS_BOOT CAP_SYS_TIME CAP_WAKE_ALARM
LockPersonality=true
ProtectHostname=true
RestrictRealtime=true
SystemCallErrorNumber=EPERM
SystemCallFilter=~@clock @cpu-emulation @obsolete @reboot @swap
"""


def timer_of(kind: str, name) -> str:
    """Return the name of a driver's timer."""
    return f'flexvolume-{kind}-{name.unit}.timer'


def service_of(kind: str, name) -> str:
    """Return the name of the service that a driver's timer starts."""
    return f'flexvolume-{kind}-{name.unit}.service'


def named() -> list:
    """Return the DriverName of each driver that has a timer of this collection."""
    units = [unit for unit in roots.listing(systemd.UNIT_DIR) if unit.startswith('flexvolume-') and unit.endswith('.timer')]
    matches = [WRITTEN.match(roots.read(os.path.join(systemd.UNIT_DIR, unit)) or '') for unit in units]
    return sorted({DriverName(*match.groups()) for match in matches if match})


def program_of(service: str) -> str:
    """Return the path of the program that decides whether a service runs, as its unit file names it; empty for none."""
    match = PROGRAM.search(roots.read(os.path.join(systemd.UNIT_DIR, service)) or '')
    return match.group(1) if match else ''


def programs() -> set:
    """Return the paths of the programs that the touch timers on this node run, also those of drivers that are not in the list."""
    services = [unit for unit in roots.listing(systemd.UNIT_DIR) if unit.startswith('flexvolume-touch-') and unit.endswith('.service')]
    return {program_of(service) for service in services} - {''}


def ensure(kind: str, wanted: dict, unwanted: list, without_systemd: str, check: bool) -> Outcome:
    """Make the timers of one kind run for the drivers in C(wanted), DriverName: (text of the timer, text of the service), and for no driver in C(unwanted).

    The fact C(KIND_timers) lists the timers with their last and next elapse. C(without_systemd) advises where systemd does not run.
    """
    if not systemd.usable():
        if wanted:
            raise NodeError(f'The {kind} timer needs systemd, which neither runs on this node (/run/systemd/system is missing) nor is installed: run it on '
                            f'a node that was booted with systemd, or {without_systemd}.')
        return Outcome(**{f'{kind}_timers': []})
    units = {}
    for name, (timer, service) in wanted.items():
        units.update({timer_of(kind, name): timer, service_of(kind, name): service})
    doomed = [unit(kind, name) for name in unwanted for unit in (timer_of, service_of)]
    outcome = systemd.ensure(units, [timer_of(kind, name) for name in wanted], doomed, check)
    if wanted and not systemd.running():
        outcome.warnings.append(f'systemd does not run here, as in an image that is being built: the {kind} timer is enabled for the first boot.')
    elapses = outcome.facts['timers']
    outcome.facts = {f'{kind}_timers': [
        dict(name=str(name), unit=timer_of(kind, name), **elapses.get(timer_of(kind, name), {})) for name in wanted]}
    return outcome


def refuse_interval(option: str, interval: str, whose: str = ''):
    """Raise NodeError unless the option's value is an interval that a timer can have."""
    if not SHORTEST <= (systemd.seconds(interval) or 0) <= LONGEST:
        raise NodeError(f'The {option} {interval!r}{whose} is no time span of a second or more, up to a hundred years: write one as systemd does, for '
                        'example 20s or 1min.')


def required_mounts(paths: list) -> str:
    """Return the line of a unit that has the file systems of these paths mounted before, or nothing where there are none."""
    quoted = ' '.join(f'"{escape(path)}"' for path in paths)
    return f'RequiresMountsFor={quoted}\n' if quoted else ''


def escape(path: str) -> str:
    r"""Quote a path for a unit file, where C(%) begins a specifier and C(\) an escape (systemd.service(5))."""
    return path.replace('\\', '\\\\').replace('"', '\\"').replace('%', '%%').replace('$', '$$')


def unescape(text: str) -> str:
    """Return the path that was quoted so."""
    return re.sub(r'\\(.)|([%$])\2', lambda match: match.group(1) or match.group(2), text)
