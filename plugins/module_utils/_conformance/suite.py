# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conformance suite for FlexVolume drivers: a made-up kubelet with made-up pods, and checks of all that the driver does for them."""

import collections
import uuid

from .._kubelet import process
from .._system import processes
from . import enclosed, leftovers, life, static
from .report import CATALOGUE, FAILED, Report, Stop, failures
from .stage import Driver, Stage

__all__ = ('BASIC', 'Step', 'Suite', 'failures', 'run')

# A step makes the checks from first to last, for whichever of them fails where the node cannot even look at what the driver mounted;
# it is left out where one of the checks that it needs has failed, or was left out for that reason.
Step = collections.namedtuple('Step', ('first', 'last', 'function', 'needs'))
Suite = collections.namedtuple('Suite', ('name', 'steps'))
# The checks that fail where a first volume cannot be mounted.
MOUNTED = (401, 402)
BASIC = Suite('basic', (Step(401, 414, life.basic_life, ()),))


def run(executable: str, name, environment: dict, options: dict = None, suite: Suite = BASIC, check: bool = False, timeout: float = 30,
        kubelet=None, waive: dict = None, enclose: bool = True) -> list:
    """Put the driver to the checks of the suite and return them as a list of Check.

    C(name) is its DriverName, C(options) what a pod would ask of it, C(timeout) the seconds after which a callout counts as hung,
    C(kubelet) the running Kubelet or None, C(waive) the numbers of checks whose failure does not count, each with its reason. With C(check)
    only what changes nothing is done: the files, init and the kubelet. Nothing is left behind: the driver runs enclosed, or where that cannot
    be had, or is not wanted, or where it mounts nothing in there, on the node, and what it leaves there under a made-up name is removed.
    """
    report = Report(suite.name, waive)
    try:
        static.files(executable, name, report)
    except Stop as stop:
        report.leave_out(0, 999, str(stop))
        return report.checks()
    driver = Driver(executable, name, environment, options or {}, timeout)
    token = uuid.uuid4().hex[-12:]
    root = kubelet.root_dir if kubelet else process.ROOT_DIR

    def play(enclosure, record):
        stage = Stage(driver, report, token, enclosure, root, record)
        with processes.adopting(), leftovers.clearing(stage, report):
            _callouts(stage, report, suite, check)
        return report.outcomes

    def perform(enclose: bool):
        return enclosed.perform(play, token, (f'{root}/pods/', f'{root}/plugins/'), enclose)

    before = leftovers.units()
    outcomes, why_not = perform(enclose)
    unmounted = _mounts_nothing(outcomes)
    if unmounted and not why_not:
        # It may want what no overlay gives it, such as a place for an overlay of its own, or have a daemon outside mount for it.
        on_the_node, _asked = perform(enclose=False)
        if _mounts_nothing(on_the_node):
            for number in unmounted:
                outcomes[number] = (FAILED, f'{outcomes[number][1]} (on the node itself too)', *outcomes[number][2:])
        else:
            outcomes, why_not = on_the_node, 'its volumes cannot be mounted in an enclosure'
    report.outcomes = outcomes
    leftovers.judge_units(before, token, report)
    report.passed(805, why_not and f'only made-up names were looked for, since the driver ran on the node itself: {why_not}')
    static.kubelet(kubelet, executable, report)
    return report.checks()


def _mounts_nothing(outcomes: dict) -> list:
    """Return the checks that say so."""
    return [number for number in MOUNTED if outcomes.get(number, (None,))[0] == FAILED]


def _callouts(stage: Stage, report: Report, suite: Suite, check: bool):
    try:
        static.init(stage, report)
        if check:
            raise Stop('check mode mounts nothing')
    except Stop as stop:
        report.leave_out(200, 699, str(stop))
        return
    blocked = set()
    for step in suite.steps:
        missing = [number for number in step.needs if report.has_failed(number) or number in blocked]
        try:
            if missing:
                blocked.update(range(step.first, step.last + 1))
                raise Stop(f'it needs {missing[0]}, {CATALOGUE[missing[0]].title}')
            step.function(stage, report)
        except Stop as stop:
            report.leave_out(step.first, step.last, str(stop))
        except OSError as error:
            report.failed(step.first, f'a volume cannot be used: {error}')
            report.leave_out(step.first, step.last, 'a volume cannot be used')
