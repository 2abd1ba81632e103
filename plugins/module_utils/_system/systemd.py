# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd on a node: unit files made to agree with what is wanted, with as few calls of systemctl as that takes."""

import functools
import os
import re
import shutil
import subprocess
import time

from .._outcome import NodeError, Outcome, iso
from . import files

UNIT_DIR = '/etc/systemd/system'
# A unit's file in one of these hides those in the ones that follow (systemd.unit(5)).
SEARCHED = (UNIT_DIR, '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system')
SHOWN = ('UnitFileState', 'ActiveState', 'NeedDaemonReload', 'LastTriggerUSecMonotonic', 'NextElapseUSecMonotonic')
# systemd.time(7)
SECONDS = {
    'us': 1e-6, 'usec': 1e-6, 'ms': 1e-3, 'msec': 1e-3, '': 1, 's': 1, 'sec': 1, 'second': 1, 'seconds': 1,
    'm': 60, 'min': 60, 'minute': 60, 'minutes': 60, 'h': 3600, 'hr': 3600, 'hour': 3600, 'hours': 3600,
    'd': 86400, 'day': 86400, 'days': 86400, 'w': 604800, 'week': 604800, 'weeks': 604800,
    'M': 2629800, 'month': 2629800, 'months': 2629800, 'y': 31557600, 'year': 31557600, 'years': 31557600,
}
# Since which version there is what our units have in them; RestrictSUIDSGID= was given to older ones as well.
SINCE = {'SystemCallFilter=@system-service': 239, 'ProtectHostname=': 242, 'ProtectKernelLogs=': 244, 'ProtectClock=': 245, 'ProtectProc=': 247}
EXEC_CONDITION = 243
TERM = re.compile(r' *([0-9]+(?:\.[0-9]+)?) *([A-Za-z]*) *')


def running() -> bool:
    """Say whether systemd is the node's init (sd_booted(3))."""
    return os.path.isdir('/run/systemd/system')


def usable() -> bool:
    """Say whether units can be enabled: by the systemd that runs, or for the one that will, as in an image that is being built."""
    return running() or shutil.which('systemctl') is not None


@functools.lru_cache()
def version() -> int:
    """Return the version of systemd, which says what a unit can have in it; 0 where there is no systemctl."""
    if not usable():
        return 0
    return int(re.findall(r'^systemd (\d+)', _systemctl('--version'))[0])


def understood(text: str) -> str:
    """Leave out of a unit what this systemd does not know: it would complain, and without @system-service allow hardly any system call."""
    unknown = tuple(start for start, since in SINCE.items() if since > version())
    return ''.join(line for line in text.splitlines(keepends=True) if not line.startswith(unknown))


def installed(units: list) -> list:
    """Return those of the units that have a file."""
    return [unit for unit in units if any(os.path.exists(os.path.join(directory, unit)) for directory in SEARCHED)]


def seconds(span: str):
    """Read a time span such as C(1min 30s); None where systemd would not."""
    terms = TERM.findall(span)
    if not terms or TERM.sub('', span) or any(unit not in SECONDS for _number, unit in terms):
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in terms)


def ensure(units: dict, timers: list, unwanted: list, check: bool, enabled: list = None) -> Outcome:
    """Make the unit files hold their texts, the timers enabled and active, those in C(enabled) enabled, and the unwanted units gone; all or nothing.

    Where systemd does not run, the timers are enabled for the first boot, and none is active.
    The fact C(timers) says of each timer when it last elapsed and when it does next, as ISO 8601 in UTC, or None, C(asleep) names those that were
    not enabled and active.
    """
    outcome = Outcome()
    enabled = enabled or []
    units = {unit: understood(text) for unit, text in units.items()}
    before = {unit: _text(unit) for unit in list(units) + unwanted}
    stale = [unit for unit in units if before[unit] != units[unit]]
    gone = [unit for unit in unwanted if before[unit]]
    for unit in stale + gone:
        outcome.note_file(_path(unit), before[unit], units.get(unit, ''))
    shown = timers + [unit for unit in units if unit not in timers]
    states = _states(shown + gone)
    asleep = [timer for timer in timers if not _is_awake(states[timer])]
    awake = 'enabled and active' if running() else 'enabled'
    for timer in asleep:
        outcome.note(timer, f'{awake}: false\n', f'{awake}: true\n')
    disabled = [unit for unit in enabled if states[unit].get('UnitFileState') != 'enabled']
    for unit in disabled:
        outcome.note(unit, 'enabled: false\n', 'enabled: true\n')
    # A run that was killed, or a drop-in that somebody wrote.
    unread = [unit for unit in shown if unit not in stale and states[unit].get('NeedDaemonReload') == 'yes']
    for unit in unread:
        outcome.note(unit, 'read by systemd: false\n', 'read by systemd: true\n')
    for unit in [] if check else unwanted:
        files.unlink(_unfinished(unit))
    if not check and outcome.changed:
        leaving = [unit for unit in gone if states[unit].get('UnitFileState') == 'enabled']
        with outcome.all_or_nothing():
            outcome.undo.append(lambda: _put_back(before, timers + enabled, leaving))
            _apply({unit: units.get(unit, '') for unit in stale + gone}, [timer for timer in timers if timer in stale + asleep + unread],
                   [unit for unit in enabled if unit in stale + disabled])
        states = _states(timers)
    outcome.facts.update(timers={timer: _elapses(states[timer]) for timer in timers}, asleep=asleep)
    return outcome


def failed(units: list) -> list:
    """Return those of the units whose last run failed."""
    return [unit for unit, state in _states(units).items() if state['ActiveState'] == 'failed']


def stop(service: str):
    """End a run of a service that may be cut short."""
    _systemctl('stop', '--', service)
    _forgive([service])


def _apply(texts: dict, timers: list, enabled: list):
    """Write the unit files, remove those whose text is empty, enable those in C(enabled), and start the timers anew.

    systemd reads its units again once, where enable and disable would each make it do so: on a busy node that takes long.
    """
    doomed = [unit for unit, text in texts.items() if not text]
    if doomed:
        _systemctl('disable', *(('--no-reload', '--now') if running() else ()), '--', *doomed)
    if doomed and running():
        # While they have a file, by which the next run knows of them should this one be killed.
        _forgive(doomed)
    try:
        for unit, text in texts.items():
            _write(unit, text)
    except OSError as error:
        files.unlink(_unfinished(unit))
        raise NodeError(f'The units could not be written to {UNIT_DIR} ({error.strerror}): see to its file system.') from error
    if timers + enabled:
        _systemctl('reenable', '--no-reload', '--', *timers, *enabled)
    if not running():
        return
    _systemctl('daemon-reload')
    if timers:
        _systemctl('restart', '--', *timers)


def _forgive(units: list):
    """Have none listed as failed for ever that was stopped in the middle of its run."""
    broken = failed(units)
    if broken:
        _systemctl('reset-failed', '--', *broken)


def _put_back(texts: dict, wanted: list, leaving: list):
    """Write the texts again, and have those of the units C(wanted) that had one, and all C(leaving), which may have theirs still, enabled and started."""
    changed = {unit: text for unit, text in texts.items() if _text(unit) != text}
    back = [unit for unit in wanted if changed.get(unit)] + leaving
    if changed or leaving:
        _apply(changed, [unit for unit in back if unit.endswith('.timer')], [unit for unit in back if not unit.endswith('.timer')])


def _write(unit: str, text: str):
    if not text:
        files.unlink(_path(unit))
        return
    files.unlink(_unfinished(unit))
    files.create(_unfinished(unit), lambda file: file.write(text.encode()), 0o644)
    os.rename(_unfinished(unit), _path(unit))


def _path(unit: str) -> str:
    return os.path.join(UNIT_DIR, unit)


def _unfinished(unit: str) -> str:
    """Return by what name a unit's file is written, and left by a run that was killed."""
    return _path(f'.{unit}')


def _text(unit: str) -> str:
    try:
        with open(_path(unit), encoding='utf-8', errors='replace') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def _states(units: list) -> dict:
    """Return what systemd knows of each unit, asked for all at once."""
    if not units:
        return {}
    if not running():
        # Of what is active, and of what was read, there is nothing to say.
        return {unit: {'UnitFileState': _unit_file_state(unit), 'ActiveState': 'active'} for unit in units}
    blocks = _systemctl('show', '--property', ','.join(SHOWN), '--', *units).strip().split('\n\n')
    return {unit: dict(line.partition('=')[::2] for line in block.splitlines()) for unit, block in zip(units, blocks)}


def _unit_file_state(unit: str) -> str:
    """Return whether the unit is enabled for the next boot; systemctl answers with a status of 1 and more where it is not."""
    # run_command belongs to AnsibleModule, and this runs where there is no Ansible too.
    # pylint: disable-next=ansible-bad-function
    return subprocess.run(['systemctl', '--root=/', 'is-enabled', '--', unit], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True, check=False).stdout.strip()


def _is_awake(state: dict) -> bool:
    return state.get('UnitFileState') == 'enabled' and state.get('ActiveState') == 'active'


def _elapses(state: dict) -> dict:
    return {'last': _clock_time(state.get('LastTriggerUSecMonotonic', '')), 'next': _clock_time(state.get('NextElapseUSecMonotonic', ''))}


def _clock_time(since_boot: str):
    """Turn a time since boot, as systemctl shows it, into the clock's."""
    elapsed = seconds(since_boot)
    if not elapsed:
        return None
    return iso(time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + elapsed)


def _systemctl(*arguments: str) -> str:
    command = ['systemctl', '--no-ask-password'] + ([] if running() else ['--root=/']) + list(arguments)
    # run_command belongs to AnsibleModule, and this runs where there is no Ansible too.
    # pylint: disable-next=ansible-bad-function
    process = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if process.returncode:
        raise NodeError(f'"{" ".join(command)}" failed: {process.stderr.strip()} See "systemctl status" and the journal on the node.')
    return process.stdout
