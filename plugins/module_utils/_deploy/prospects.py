# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the kubelet will find what is deployed, asked before anything is changed, and whether it has found it, asked afterwards."""

import os
import time

from .._kubelet import directories, journal, process, watches
from .._outcome import NodeError
from .._system import systemd
from . import misprobed, neighbours, records, touch_timer
from .driver_files import Place

# Seconds in which a kubelet for which pods wait is given the time to probe what was published; it does about once a second.
PROBE = 2
# Seconds after a probe in which another one may be expected.
BUSY = 30


def examine(names: list, plugin_dir: str, kubelet, strict: bool) -> list:
    """Return what the user should be warned of when the drivers of the list live beside others there; with C(strict) raise NodeError of it instead."""
    strangers = neighbours.strangers(names, plugin_dir) if kubelet else []
    if not strangers and not (kubelet and neighbours.misfits(plugin_dir)):
        return []
    version = process.version(kubelet)
    if not process.loses_drivers(version):
        return []
    broken = neighbours.broken(strangers, plugin_dir, kubelet)
    sentence = neighbours.sentence(broken, misprobed.find(kubelet, journal.words(kubelet)), version)
    if sentence and strict:
        raise NodeError(sentence + ' Nothing was changed.')
    return [sentence] if sentence else []


def refuse_unwatched(plugin_dir: str, kubelet):
    """Raise NodeError where a running kubelet does not watch the plugin dir, so that it would find no driver there."""
    # A kubelet that has just ended has no start any more.
    if not kubelet or not process.started(kubelet) or process.settling(kubelet):
        return
    looked_at = directories.plugin_dir(kubelet)
    if os.path.realpath(looked_at.path) != os.path.realpath(plugin_dir):
        return
    unit = process.unit(kubelet)
    advice = f'Restart the kubelet{f" (systemctl restart {unit})" if unit else ""}, then deploy again, or leave out the test callout (validate: false).'
    if os.path.islink(looked_at.path):
        raise NodeError(f'The plugin dir {looked_at.path} is a symbolic link, which the kubelet reads once and does not watch: give it the real directory, '
                        f'{os.path.realpath(looked_at.path)}, or a slash at the end of the name. {looked_at.reason} {advice}')
    if os.path.isdir(plugin_dir) and not watches.on(kubelet, plugin_dir):
        raise NodeError(f'The kubelet (pid {kubelet.pid}) does not watch its plugin dir {plugin_dir}, so it would not find a driver there. {advice}')


def without_kubelet(kubelet, kubelet_unit, required: bool) -> list:
    """Return a warning for a node without a kubelet, running or yet to run, or raise NodeError where one is required."""
    if kubelet or systemd.installed([kubelet_unit] if kubelet_unit else touch_timer.KUBELET_UNITS) or process.which('kubelet', None):
        return []
    problem = 'This node has no kubelet, neither running nor installed'
    if required:
        raise NodeError(f'{problem}, and require_kubelet is set: leave the node out, in the playbooks by flexvolume_hosts.')
    return [f'{problem}, so nothing will use what is deployed to it: leave it out (in the playbooks flexvolume_hosts), or have it refused (require_kubelet).']


def elsewhere(directory, kubelet) -> list:
    """Return a warning where a plugin dir was given and the kubelet is known to look in another one."""
    looked_at, _doubt = directories.locate(kubelet)
    is_known = kubelet or looked_at.source != 'default'
    if directory.source != 'argument' or not is_known or os.path.realpath(looked_at.path) == os.path.realpath(directory.path):
        return []
    warning = (f'The kubelet looks for drivers in {looked_at.path}, so it never finds what is deployed to {directory.path}: leave plugin_dir out (in the '
               f'playbooks flexvolume_plugin_dir), or give the kubelet --volume-plugin-dir={directory.path} and restart it.')
    return [warning]


def moved(drivers: list, plugin_dir: str, kubelet) -> tuple:
    """Return the names of those that are withdrawn from a plugin dir of before, and a warning of each driver that is left in one.

    Timers, host paths and whatever else the node keeps are then those of the same driver where the kubelet finds it now.
    """
    left_behind, warnings = [], []
    for driver in drivers:
        name, deployed_to = driver['name'], records.known(driver['name']).get('plugin_dir', plugin_dir)
        if os.path.realpath(deployed_to) == os.path.realpath(plugin_dir) or not os.path.exists(Place(deployed_to, name).executable):
            continue
        if driver['state'] == 'absent' and os.path.realpath(deployed_to) == os.path.realpath(directories.locate(kubelet)[0].path):
            left_behind.append(name)
        else:
            warnings.append(f'The driver {name} still lies in {deployed_to}, where it was deployed to before: once no pod has a volume of it, withdraw it '
                            f'there (nodeops.flexvolume.remove with flexvolume_plugin_dir={deployed_to}).')
    return left_behind, warnings


def without_unit(kubelet, kubelet_unit) -> list:
    """Return a warning where the kubelet runs, and not as the unit that was named."""
    if not kubelet or not kubelet_unit or systemd.installed([kubelet_unit]):
        return []
    warning = (f'There is no {kubelet_unit} on this node, so the touch timers do not start anew with the kubelet: correct kubelet_unit (in the playbooks '
               'flexvolume_kubelet_unit), or leave it out.')
    return [warning]


def registered(names: list, plugin_dir: str, kubelet, published=None) -> dict:
    """Say of each driver whether the kubelet has loaded it, True, False or None where it has not said; C(published) is when some were just published.

    On an idle node nothing makes the kubelet probe. Where pods wait, it is given the time to.
    """
    since = {name: records.since(records.known(name), Place(plugin_dir, name).executable) for name in names}
    deadline = time.monotonic() + PROBE
    while kubelet:
        said = journal.words(kubelet)
        known = {str(name): journal.registered(said, name.directory, moment) for name, moment in since.items()}
        probes = published and said.probed and said.probed > published - BUSY
        if None not in known.values() or not probes or time.monotonic() > deadline:
            return known
        time.sleep(0.2)
    return {str(name): None for name in names}
