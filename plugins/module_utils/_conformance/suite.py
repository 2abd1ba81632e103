# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conformance suite for FlexVolume drivers: a made-up kubelet with made-up pods, and checks of all that the driver does for them."""

import collections
import contextlib

from .._system import processes
from . import leftovers, life, static
from .report import Report, Stop, failures

__all__ = ('BASIC', 'Suite', 'failures', 'run')

# C(volumes) holds each step with the check that fails if the node cannot even look at what the driver mounted, C(callouts) the steps after them.
Suite = collections.namedtuple('Suite', ('name', 'volumes', 'callouts'))
BASIC = Suite('basic', ((403, life.basic_life),), ())


def run(executable: str, name, environment: dict, options: dict = None, suite: Suite = BASIC, check: bool = False, timeout: float = 30,
        kubelet=None, waive: dict = None) -> list:
    """Put the driver to the checks of the suite and return them as a list of Check.

    C(name) is its DriverName, C(options) what a pod would ask of it, C(timeout) the seconds after which a callout counts as hung,
    C(kubelet) the running Kubelet or None, C(waive) the numbers of checks whose failure does not count, each with its reason. With C(check)
    only what changes nothing is done: the files, init and the kubelet. Nothing is left behind; what the driver leaves is reported and removed.
    """
    report = Report(suite.name, waive)
    try:
        static.files(executable, name, report)
    except Stop as stop:
        report.leave_out(0, 999, str(stop))
        return report.checks()
    with processes.adopting(), leftovers.clearing(executable, name, environment, options or {}, timeout, report) as stage:
        _callouts(stage, report, suite, check)
    static.kubelet(kubelet, executable, report)
    return report.checks()


def _callouts(stage, report: Report, suite: Suite, check: bool):
    try:
        static.init(stage, report)
        if check:
            raise Stop('check mode mounts nothing')
        with _leaving_out(report, 400, 699):
            for number, step in suite.volumes:
                try:
                    step(stage, report)
                except OSError as error:
                    report.failed(number, f'a volume cannot be used: {error}')
        for step in suite.callouts:
            step(stage, report)
    except Stop as stop:
        report.leave_out(200, 699, str(stop))


@contextlib.contextmanager
def _leaving_out(report: Report, first: int, last: int):
    """What stops one group of checks leaves the others to be made."""
    try:
        yield
    except Stop as stop:
        report.leave_out(first, last, str(stop))
