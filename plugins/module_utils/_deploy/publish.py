# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing a driver whole.

At no instant can the kubelet see an empty directory, a half-written or a non-executable file: before 1.24 one such driver makes it throw
away what it learned of all others (kubernetes/kubernetes#106703). A driver is built and judged in a hidden directory of the plugin dir and then renamed
into place, as a whole directory when it is new, as a file when an older version is there, since the kubelet watches the directory. What takes more than
one step is written down first, so that whoever comes after a run that was killed can finish it (room recovery).
"""

import collections
import os
import shutil

from .. import _secrets
from .._kubelet import callout, process
from .._outcome import NodeError, Outcome
from .._system import files, mounts
from . import marks, obstacles, recovery
from .driver_files import READ_AT_ONCE, Place, config_text, readable, sha256_of, text_of

EXECUTABLE_MODE = 0o755
CONFIG_MODE = 0o600

Plan = collections.namedtuple('Plan', ('place', 'action', 'payload', 'config'))


def ensure(drivers: list, payloads: dict, plugin_dir: str, kubelet, check: bool, packages_are_installed: bool) -> Outcome:
    """Put every driver of state C(present) or C(previous) in its place, all or none of them.

    The fact C(published) names those that were changed, C(awaited) those whose executable has to be sent before anything is changed.
    NodeError says why a driver is refused; what was in the plugin dir then goes on working.
    """
    staying = [driver for driver in drivers if driver['state'] != 'absent']
    outcome = Outcome()
    with outcome.all_or_nothing():
        _ensure(staying, payloads, plugin_dir, kubelet, check, packages_are_installed, outcome)
    return outcome


def _ensure(drivers: list, payloads: dict, plugin_dir: str, kubelet, check: bool, packages_are_installed: bool, outcome: Outcome):
    for leftover in recovery.leftovers(plugin_dir):
        outcome.note(leftover, 'state: left by a run that was killed\n', 'state: absent\n')
    if not check:
        recovery.recover(plugin_dir)
    table = mounts.read()
    plans = [_plan(driver, payloads.get(driver['name']), plugin_dir, table) for driver in drivers]
    outcome.facts.update(
        published=[str(plan.place.name) for plan in plans if plan.action != 'nothing'],
        awaited=[str(plan.place.name) for plan in plans if plan.action == 'publish' and plan.payload and not plan.payload.arrived])
    if any(plan.action == 'publish' for plan in plans):
        obstacles.refuse_unwritable(plugin_dir, sum(plan.payload.size for plan in plans if plan.action == 'publish' and plan.payload), table)
    for driver in drivers:
        obstacles.refuse_unmet(driver, kubelet, packages_are_installed, outcome)
    for driver, plan in zip(drivers, plans):
        _note(plan, outcome)
        if plan.action == 'publish' and plan.payload and marks.is_strange(plan.place):
            outcome.warnings.append(f'{plan.place.executable} was changed since it was published, so it is not kept: the previous version stays the one before '
                                    'it.')
        if driver['state'] == 'previous' and plan.action == 'nothing':
            outcome.warnings.append(f'The driver {plan.place.name} has no previous version on this node, so it stays as it is: what a driver replaced is kept '
                                    'until one went back to it.')
    if check or outcome.facts['awaited']:
        return

    try:
        if plans:
            files.make_directory(os.path.realpath(plugin_dir), outcome)
        for plan in plans:
            if plan.action in ('publish', 'go back'):
                _stage(plan, outcome)
                obstacles.refuse_failing(plan.place, kubelet)
        executables_first = {plan.place for plan in plans if plan.action in ('publish', 'go back') and _executable_first(plan, kubelet)}
        for plan in plans:
            _carry_out(plan, plan.place in executables_first, outcome)
    except OSError as error:
        raise NodeError(f'The drivers could not be written to {plugin_dir} ({error.strerror}): see to its file system; what was there is unchanged.') from error


def _plan(driver: dict, payload, plugin_dir: str, table: list) -> Plan:
    """Say what has to be done for one driver: publish, go back, adjust (owners and modes) or nothing."""
    place = Place(plugin_dir, driver['name'])
    obstacles.refuse_strange(place, table)
    installed = os.path.isfile(place.executable) and not os.path.islink(place.executable)
    if driver['state'] == 'previous':
        if not installed:
            raise NodeError(f'The driver {place.name} is not in {plugin_dir}, so there is no previous version to go back to: deploy it first.')
        return Plan(place, 'go back' if os.path.exists(place.previous) else 'nothing', None, text_of(place.previous_config))
    if payload is None and not installed:
        raise NodeError(f'The driver {place.name} has no src and is not in {plugin_dir}: name its src, or install it there first.')
    config = config_text(driver['config']) if payload or driver['config'] is not None else text_of(place.config)
    same = installed and (payload is None or sha256_of(place.executable) == payload.sha256) and text_of(place.config) == config
    if not same:
        return Plan(place, 'publish', payload, config)
    marked = not payload or marks.read(place) == marks.text([payload.sha256])
    return Plan(place, 'nothing' if marked and _modes_are_right(place) else 'adjust', payload, config)


def _executable_first(plan: Plan, kubelet) -> bool:
    """Say in which order to replace executable and config: a run that is killed in between then leaves a driver whose init succeeds, if either does."""
    place, staging = plan.place, plan.place.staging
    if not os.path.isfile(place.executable) or text_of(place.config) == plan.config or sha256_of(place.executable) == sha256_of(staging.executable):
        return False
    return not _goes_with(place.executable, staging.config, place, kubelet) and _goes_with(staging.executable, place.config, place, kubelet)


def _goes_with(executable: str, config: str, place: Place, kubelet) -> bool:
    mixed = Place(os.path.join(place.staging.directory, 'mixed'), place.name)
    os.makedirs(mixed.directory)
    try:
        files.link_over(executable, mixed.executable)
        files.link_over(config, mixed.config)
        return not callout.init(mixed.executable, process.callout_environment(kubelet)).defect
    finally:
        shutil.rmtree(mixed.plugin_dir)


def _stage(plan: Plan, outcome: Outcome):
    staging = plan.place.staging
    for functions in (outcome.undo, outcome.cleanup):
        functions.append(lambda: recovery.clear(staging.directory))
    os.mkdir(staging.directory, 0o700)
    if plan.payload:
        files.create(staging.executable, plan.payload.write, EXECUTABLE_MODE)
        marks.write(staging, marks.text([plan.payload.sha256]))
    else:
        source = plan.place.previous if plan.action == 'go back' else plan.place.executable
        files.create(staging.executable, lambda file: _copy(source, file), EXECUTABLE_MODE)
    if plan.config:
        files.create(staging.config, lambda file: file.write(plan.config.encode('utf-8', 'surrogateescape')), CONFIG_MODE)
    os.chown(staging.directory, 0, 0)
    os.chmod(staging.directory, files.DIRECTORY_MODE)
    files.sync(staging.directory)


def _carry_out(plan: Plan, executable_first: bool, outcome: Outcome):
    place = plan.place
    if plan.action == 'nothing':
        return
    if plan.action == 'adjust':
        _adjust(plan)
    elif os.path.isdir(place.directory):
        _replace(plan, executable_first, outcome)
    else:
        os.rename(place.staging.directory, place.directory)
        outcome.undo.append(lambda: _remove(place))
    files.sync(place.plugin_dir)


def _replace(plan: Plan, executable_first: bool, outcome: Outcome):
    """Put the staged files over the present ones, which are kept."""
    place = plan.place
    os.mkdir(place.kept.directory)
    _link(place, place.kept)
    going_back = plan.action == 'go back'
    if going_back:
        outcome.cleanup.append(lambda: _drop_previous(place))
    keep = not going_back and not marks.is_strange(place)
    # First, so that it is taken back last: until then the mark names both.
    if os.path.lexists(place.mark) or os.path.lexists(place.staging.mark):
        _mark_both(place, outcome)
    outcome.undo.append(lambda: _put_back(place))
    details = {'with_config': bool(plan.config), 'keep': keep}
    with recovery.intending(place, recovery.REPLACE, **details):
        recovery.replace(place, executable_first=executable_first, **details)
    os.chown(place.directory, 0, 0)
    os.chmod(place.directory, files.DIRECTORY_MODE)


def _mark_both(place: Place, outcome: Outcome):
    """Have the mark name the version that comes and, until that is settled, the one that goes, so that a run that is killed leaves one of them there."""
    before, new = marks.read(place), sha256_of(place.staging.executable)
    going = [] if marks.is_strange(place) or not os.path.exists(place.executable) else [sha256_of(place.executable)]
    outcome.undo.append(lambda: marks.write(place, before))
    marks.write(place, marks.text([new, *going]))
    outcome.cleanup.append(lambda: marks.write(place, marks.text([new])))


def _link(source: Place, target: Place):
    """Give what belongs to a driver second names; what is missing there will be missing here."""
    files.link_over(source.config, target.config)
    files.link_over(source.executable, target.executable)
    files.link_over(source.previous_config, target.previous_config)
    files.link_over(source.previous, target.previous)


def _put_back(place: Place):
    """Let what was kept replace what replaced it."""
    kept = place.kept
    if os.path.lexists(kept.executable):
        files.link_over(kept.executable, place.staging.executable)
        files.link_over(kept.config, place.staging.config)
        details = {'with_config': os.path.exists(kept.config), 'keep': False}
        with recovery.intending(place, recovery.REPLACE, **details):
            recovery.replace(place, **details)
    else:
        files.unlink(place.executable)
        files.move_over(kept.config, place.config)
    files.move_over(kept.previous_config, place.previous_config)
    files.move_over(kept.previous, place.previous)


def _drop_previous(place: Place):
    files.unlink(place.previous)
    files.unlink(place.previous_config)


def _remove(place: Place):
    recovery.withdraw(place)
    shutil.rmtree(place.cache, ignore_errors=True)


def _adjust(plan: Plan):
    for path, mode in _modes(plan.place):
        os.chown(path, 0, 0)
        os.chmod(path, mode)
    if plan.payload:
        marks.write(plan.place, marks.text([plan.payload.sha256]))


def _modes(place: Place) -> list:
    modes = [(place.directory, files.DIRECTORY_MODE), (place.executable, EXECUTABLE_MODE)]
    return modes + [(place.config, CONFIG_MODE)] if os.path.exists(place.config) else modes


def _modes_are_right(place: Place) -> bool:
    statuses = [(os.stat(path), mode) for path, mode in _modes(place)]
    return all((status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, mode) for status, mode in statuses)


def _note(plan: Plan, outcome: Outcome):
    place = plan.place
    if plan.action == 'nothing':
        return
    if plan.action == 'adjust':
        outcome.note(place.executable, 'owner, mode or mark: not as published\n', 'owner: 0\ngroup: 0\nmode: "0755"\n')
        return
    before = _shown(place.executable)
    if plan.payload:
        after = str(plan.payload) if before else plan.payload.summary
    else:
        after = _shown(place.previous if plan.action == 'go back' else place.executable)
    outcome.note(place.executable, before, after)
    outcome.note(place.config, *_secrets.differences(text_of(place.config), plan.config))
    # Two binaries of one checksum but a changed directory leave the texts equal.
    outcome.changed = True


def _shown(path: str) -> str:
    try:
        with open(path, 'rb') as source:
            content = source.read(READ_AT_ONCE + 1)
    except FileNotFoundError:
        return ''
    return readable(content, sha256_of(path))


def _copy(source: str, target):
    with open(source, 'rb') as original:
        shutil.copyfileobj(original, target, READ_AT_ONCE)
