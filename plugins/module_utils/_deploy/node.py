# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole deploy of a node as one function: what a play would do in many remote executions, done in one, and all of it or nothing."""

from .. import _secrets
from .._conformance import suite
from .._kubelet import process
from .._outcome import NodeError, Outcome
from . import at_boot, driver_files, host_paths, prune_timer, publish, touch_timer


def ensure(drivers: list, sent: list, plugin_dir=None, kubelet_unit=None, check=False, force=False, delete_data=False, with_touch_timer=True,
           validate=True, bundle=None, apply_interval=None) -> Outcome:
    """Make the node agree with the list: host paths, drivers, touch timers, a test callout; then withdraw the drivers that go.

    Everything is examined first, so that a refusal (NodeError) changes nothing; a driver that fails its test callout is taken back,
    so that the node keeps the one it had. C(bundle) is what the node is to keep and to apply at boot (at_boot), a Payload, or None for nothing.
    """
    kubelet, disbelieved = process.search()
    directory = process.plugin_dir(kubelet, plugin_dir)
    payloads = driver_files.payloads(drivers, sent)
    forbidden = process.managed(kubelet, directory.path)
    timers = drivers if with_touch_timer else []
    tested = drivers if validate else []

    def carry_out(checking: bool, outcome: Outcome):
        outcome.include(host_paths.ensure(drivers, forbidden, checking))
        outcome.include(publish.ensure(drivers, payloads, directory.path, kubelet, checking, packages_are_installed=not check))
        outcome.include(touch_timer.ensure(timers, directory.path, kubelet_unit, checking))
        outcome.include(prune_timer.ensure(drivers, directory.path, checking))
        awaited = outcome.facts['awaited']
        outcome.include(at_boot.ensure(bundle, apply_interval, kubelet_unit, checking))
        outcome.facts['awaited'] = awaited + outcome.facts['awaited']

    def retire(checking: bool, outcome: Outcome):
        outcome.include(publish.withdraw(drivers, directory.path, kubelet, checking, force))
        if delete_data:
            outcome.include(host_paths.delete(drivers, forbidden, checking))

    planned = Outcome(plugin_dir=directory._asdict())
    planned.warnings.extend([] if kubelet else disbelieved)
    carry_out(True, planned)
    retire(True, planned)
    if check or planned.facts['awaited']:
        return planned
    if not planned.changed:
        _test(tested, directory.path, kubelet)
        return planned
    outcome = Outcome(plugin_dir=directory._asdict())
    outcome.warnings.extend([] if kubelet else disbelieved)
    with outcome.all_or_nothing():
        carry_out(False, outcome)
        _test(tested, directory.path, kubelet)
    outcome.settle()
    retire(False, outcome)
    return outcome


def _test(drivers: list, plugin_dir: str, kubelet):
    for driver in drivers:
        if driver['state'] == 'absent':
            continue
        place = driver_files.Place(plugin_dir, driver['name'])
        options = _secrets.with_secrets(driver['options'], driver['secrets'])
        checks = suite.run(place.executable, driver['name'], process.callout_environment(kubelet), options, kubelet=kubelet)
        failed = suite.failures(checks)
        if failed:
            raise NodeError(f'The driver {driver["name"]} fails its test callout, {failed[0].title}: '
                            f'{" ".join(failed[0].evidence.split()).rstrip(".")}. {failed[0].advice} The node has the driver that it had before.')
