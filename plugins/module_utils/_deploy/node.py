# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole deploy of a node as one function: what a play would do in many remote executions, done in one, and all of it or nothing."""

import os
import time

from .. import _secrets
from .._conformance import suite
from .._kubelet import directories, process
from .._outcome import NodeError, Outcome
from . import at_boot, driver_files, host_paths, marks, prospects, prune_timer, publish, timers, touch_timer, withdraw
from .drivers import absent


def ensure(drivers: list, sent: list, plugin_dir=None, kubelet_unit=None, check=False, force=False, delete_data=False, with_touch_timer=True,
           validate=True, require_kubelet=False, purge=None, bundle=None, apply_interval=None, heal_neighbours=None, strict_neighbours=False) -> Outcome:
    """Make the node agree with the list: host paths, drivers, a test callout; withdraw the drivers that go; touch and prune timers.

    What this collection deployed and the list does not name goes too with C(purge), is told of without, and is not looked for where that is None.
    Everything is examined first, so that a refusal (NodeError) changes nothing. Where a step or a test callout fails, all is taken back, so that the
    node keeps the drivers that it had. C(bundle) is what the node is to keep and to apply at boot, as at_boot takes it.
    """
    kubelet, disbelieved = process.search()
    directory = directories.plugin_dir(kubelet, plugin_dir)
    payloads = driver_files.payloads(drivers, sent)
    forbidden = directories.managed(kubelet, directory.path)

    def is_there(driver: dict) -> bool:
        return os.path.exists(driver_files.Place(directory.path, driver['name']).executable)

    dropped, idle = _no_longer_named(drivers, directory.path) if purge is not None else ([], [])
    goes = all(driver['state'] == 'absent' for driver in drivers)
    warnings = [] if kubelet else disbelieved
    if not goes:
        warnings = (warnings + prospects.without_kubelet(kubelet, kubelet_unit, require_kubelet) + prospects.without_unit(kubelet, kubelet_unit)
                    + prospects.elsewhere(directory, kubelet))
    if purge:
        drivers = drivers + [absent(name) for name in dropped]
    elif dropped:
        warnings.append(f'{", ".join(map(str, dropped))}: deployed by this collection, no longer in the list, and left as it is; set purge (in the playbooks '
                        'flexvolume_purge=true) to withdraw it.')
    missing = [driver for driver in drivers if driver['state'] == 'previous' and not is_there(driver)]
    warnings += [f'The driver {driver["name"]} is not on this node, so there is no version to go back to.' for driver in missing]
    drivers = [driver for driver in drivers if driver not in missing]
    left_behind, told = prospects.moved(drivers, directory.path, kubelet)
    warnings += told
    ours = [driver for driver in drivers if driver['name'] not in left_behind]
    bundle = at_boot.LEFT if left_behind else bundle
    with_timers = ours + [absent(name) for name in (idle if purge else [])]
    tested = [driver for driver in drivers if validate and driver['state'] != 'absent']
    had = [driver['name'] for driver in tested if is_there(driver)]
    staying = [driver['name'] for driver in drivers if driver['state'] != 'absent']
    if tested:
        prospects.refuse_unwatched(directory.path, kubelet)
    if staying:
        warnings += prospects.examine([driver['name'] for driver in drivers], directory.path, kubelet, strict_neighbours)
    began = time.time()

    def carry_out(checking: bool, outcome: Outcome):
        outcome.include(host_paths.ensure(drivers, forbidden, checking))
        outcome.include(publish.ensure(drivers, payloads, directory.path, kubelet, checking, packages_are_installed=not check))
        if not checking:
            _test(tested, directory.path, kubelet, dict.fromkeys(had, 'The node has the driver that it had before.'))
        # The timers go after it, so that a withdrawal that is killed is finished by one.
        outcome.include(withdraw.ensure(drivers, directory.path, kubelet, checking, force, outcome.facts['published']))
        touched = with_timers if with_touch_timer else [absent(driver['name']) for driver in with_timers]
        outcome.include(touch_timer.ensure(touched, directory.path, kubelet, kubelet_unit, checking, heal_neighbours))
        outcome.include(prune_timer.ensure(with_timers, directory.path, checking))
        awaited = outcome.facts['awaited']
        outcome.include(at_boot.ensure(bundle, apply_interval, touch_timer.units_of_kubelet(kubelet, kubelet_unit), checking))
        outcome.facts['awaited'] = awaited + outcome.facts['awaited']

    def delete(checking: bool, outcome: Outcome):
        if delete_data:
            outcome.include(host_paths.delete(ours, forbidden, checking))

    planned = Outcome(plugin_dir=directory._asdict())
    planned.warnings.extend(warnings)
    carry_out(True, planned)
    delete(True, planned)
    if check or planned.facts['awaited']:
        return planned
    if not planned.changed:
        _test(tested, directory.path, kubelet, dict.fromkeys(had, 'Nothing was changed.'))
        planned.facts['registered'] = prospects.registered(staying, directory.path, kubelet)
        return planned
    outcome = Outcome(plugin_dir=directory._asdict())
    outcome.warnings.extend(warnings)
    with outcome.all_or_nothing():
        carry_out(False, outcome)
    outcome.settle()
    delete(False, outcome)
    outcome.facts['registered'] = prospects.registered(staying, directory.path, kubelet, began if outcome.facts['published'] else None)
    return outcome


def _test(drivers: list, plugin_dir: str, kubelet, afterwards: dict):
    """Raise NodeError where a driver fails its test callout; C(afterwards) says of those that were there before what the node then has."""
    for driver in drivers:
        place = driver_files.Place(plugin_dir, driver['name'])
        options = _secrets.with_secrets(driver['options'], driver['secrets'])
        checks = suite.run(place.executable, driver['name'], process.callout_environment(kubelet), options, kubelet=kubelet, waive=driver['waive'])
        failed = suite.failures(checks)
        if failed:
            raise NodeError(f'The driver {driver["name"]} fails its test callout, {failed[0].number} {failed[0].title}: '
                            f'{" ".join(failed[0].evidence.split()).rstrip(".")}. {failed[0].advice} '
                            f'{afterwards.get(driver["name"], "The node is without that driver, as before.")} Where its owner knows why, '
                            f'waive: {{"{failed[0].number}": "the reason"}} lets it pass.')


def _no_longer_named(drivers: list, plugin_dir: str) -> tuple:
    """Return the names that the list does not hold of drivers that this collection published, and of others that have its timers."""
    listed = {driver['name'] for driver in drivers}
    dropped = [name for name in marks.published(plugin_dir) if name not in listed]
    return dropped, [name for name in timers.named() if name not in listed and name not in dropped]
