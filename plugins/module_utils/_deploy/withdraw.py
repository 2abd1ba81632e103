# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Withdrawing drivers, so that a kubelet unloads them, and bringing them back where that is taken back."""

import os
import shutil

from .._kubelet import directories, volumes
from .._outcome import NodeError, Outcome
from .._system import files, mounts
from . import neighbours, obstacles, recovery
from .driver_files import Place


def ensure(drivers: list, plugin_dir: str, kubelet, check: bool, force: bool = False, just_published: tuple = ()) -> Outcome:
    """Remove every driver of state C(absent), or raise NodeError and remove none while a pod has a volume of one, unless forced.

    A probe that meets a withdrawal half-way fails, and before 1.24 what else it has found is lost: those of the list that were C(just_published), and answered
    well, are touched afterwards.
    """
    leaving = [Place(plugin_dir, driver['name']) for driver in drivers if driver['state'] == 'absent']
    if leaving and not check:
        recovery.recover(plugin_dir)
    found = [place for place in leaving if os.path.isdir(place.directory)]
    table = mounts.read() if leaving else []
    for place in leaving:
        obstacles.refuse_strange(place, table)
    if found:
        obstacles.refuse_read_only(plugin_dir, table, 'remount it writable for as long, then run this again.')
    for place in found:
        _refuse_used(place, kubelet, force)
    outcome = Outcome(withdrawn=[str(place.name) for place in found])
    with outcome.all_or_nothing():
        for place in found:
            outcome.note(place.directory, f'state: present\n{_listing(place.directory)}', 'state: absent\n')
            if not check:
                _withdraw(place, outcome)
                # The kubelet may have begun with a volume until the executable was gone.
                _refuse_used(place, kubelet, force)
        if found and not check:
            for driver in drivers:
                if str(driver['name']) in just_published:
                    _touch(Place(plugin_dir, driver['name']))
    return outcome


def _refuse_used(place: Place, kubelet, force: bool):
    root_dir = directories.root_dir(kubelet)
    users = volumes.users(place.name.directory, root_dir)
    if users and not force:
        raise NodeError(f'The driver {place.name} is not withdrawn because pods have volumes of it: {", ".join(users)}; delete these pods first. Of a pod '
                        f'that is gone already, unmount what is left below {root_dir}/pods. Or set force (in the playbooks flexvolume_force=true) to leave '
                        'their volumes to you.')


def _withdraw(place: Place, outcome: Outcome):
    """Take the driver out of its place, as recovery.withdraw would, and keep it."""
    os.mkdir(place.staging.directory, 0o700)
    outcome.cleanup.extend([lambda: recovery.clear(place.staging.directory), lambda: shutil.rmtree(place.cache, ignore_errors=True)])
    outcome.undo.append(lambda: recovery.clear(place.staging.directory))
    os.mkdir(place.kept.directory)
    shutil.copymode(place.directory, place.kept.directory)
    files.link_over(place.executable, place.kept.executable)
    outcome.undo.append(lambda: _bring_back(place))
    neighbours.forget(place.plugin_dir, place.name.directory)
    with recovery.intending(place, recovery.WITHDRAW):
        files.unlink(place.executable)
        for name in os.listdir(place.directory):
            os.rename(os.path.join(place.directory, name), os.path.join(place.kept.directory, name))
        os.rmdir(place.directory)


def _touch(place: Place):
    os.utime(place.executable)
    os.utime(place.directory)


def _bring_back(place: Place):
    """Put a withdrawn driver where it was, its executable last."""
    kept = place.kept
    if not os.path.isdir(place.directory):
        os.rename(kept.directory, place.directory)
        return
    for name in os.listdir(kept.directory):
        if name != os.path.basename(kept.executable):
            os.rename(os.path.join(kept.directory, name), os.path.join(place.directory, name))
    files.move_over(kept.executable, place.executable)


def _listing(directory: str) -> str:
    return ''.join(f'{name}\n' for name in files.names(directory))
