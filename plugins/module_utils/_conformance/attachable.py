# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a volume that is attached to the node before it is mounted (kubernetes: pkg/volume/flexvolume/{attacher,detacher}.go)."""

from .._kubelet import callout
from .._system import mounts
from .report import Report
from .stage import Stage, Volume, problem_of


def attachable(stage: Stage, report: Report):
    """Checks 601 to 609."""
    if not stage.capabilities['attach']:
        report.leave_out(601, 609, 'init says attach false')
        return
    with stage.volume() as volume:
        name = volume.get_volume_name()
        report.judge(601, problem_of(name, optional=True), name.response.get('volumeName', ''))
        attached = volume.attach()
        report.judge(602, problem_of(attached), volume.device)
        if problem_of(attached):
            report.leave_out(603, 609, 'no volume could be attached')
            return
        here = volume.is_attached()
        untrue = here.status == callout.SUCCESS and not here.response.get('attached')
        report.judge(603, 'attached is not true after attach' if untrue else problem_of(here, optional=True), advice=(
            'Answer attached true from the moment that attach has answered Success, or Not supported.'))
        waited = volume.wait_for_attach()
        report.judge(604, problem_of(waited), volume.device or 'no device')
        if not problem_of(waited):
            _device_life(volume, report)
        report.judge(608, problem_of(volume.detach()))
        after = volume.is_attached()
        if after.status == callout.SUCCESS and after.response.get('attached'):
            report.failed(603, 'attached is still true after detach', advice='Answer attached false once detach has answered Success, or Not supported.')
        report.judge(609, problem_of(volume.detach()))
    report.leave_out(605, 607, 'the device was not waited for')


def _device_life(volume: Volume, report: Report):
    device = volume.mount_device()
    # The kubelet takes a driver that mounts nothing there at its word, and does not ask it to unmount that either.
    mounted = volume.device_is_mounted()
    report.judge(605, problem_of(device), volume.device_path if mounted else 'it mounts nothing, which the kubelet accepts')
    if problem_of(device):
        return
    problem = problem_of(volume.mount()) or ('' if volume.is_there() else 'there is no volume')
    report.judge(606, problem or problem_of(volume.unmount()) or ('it is still mounted' if volume.is_mounted() else ''))
    if not mounted:
        report.passed(607, 'the kubelet does not ask, since nothing is mounted')
        return
    unmounted = volume.unmount_device()
    report.judge(607, problem_of(unmounted) or (
        f'the answer is Success, but {volume.device_path} is still a mount point' if volume.device_is_mounted() else ''))
    # A failure of this one is not to be detach's as well.
    for mount in volume.stage.mounts_at(volume.device_path):
        mounts.unmount(mount.path)
