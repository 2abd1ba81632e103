# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""flexvolume-conformance.pyz: the suite for the author of one driver, without Ansible and without a kubelet."""

# A program of its own prints for a person; nothing of this runs within a module.
# pylint: disable=ansible-bad-function

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from xml.etree import ElementTree

from .._kubelet import process
from .._names import DriverName
from .._outcome import NodeError
from .._secrets import masked, with_secrets, words
from .._system.screen import say
from . import presented, suite
from .full import FULL, SUITES
from .report import CATALOGUE, FAILED

VENDOR = 'example.org'


def main() -> int:
    """Put a driver to the suite; return 0 where it passes, 1 where it does not, 2 where nothing could be tried."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        if os.geteuid():
            raise NodeError('A driver mounts, so this must run as root: run it with sudo.')
        secrets = _mapping(arguments.secrets, '--secrets')
        options = with_secrets(_mapping(arguments.options, '--options'), secrets)
        with _in_place(arguments.driver, arguments.name) as (executable, name):
            result = _examine(executable, name, options, secrets, arguments)
        return _report(result, arguments)
    except NodeError as error:
        print(f'flexvolume-conformance: {error}', file=sys.stderr)
    except KeyboardInterrupt:
        print('flexvolume-conformance: stopped; what was begun was taken back.', file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='flexvolume-conformance.pyz', description='Put a FlexVolume driver to the checks of a made-up kubelet.',
        epilog='Exit status: 0 the driver passes, 1 it does not, 2 nothing could be tried.')
    parser.add_argument('driver', metavar='DRIVER', help="the driver's executable")
    parser.add_argument('--name', metavar='VENDOR/DRIVER', help=f"the name by which pods call it (default: its directory's, else {VENDOR}/FILE)")
    parser.add_argument('--options', metavar='FILE', help='a JSON object: what a pod says in flexVolume.options')
    parser.add_argument('--secrets', metavar='FILE', help='a JSON object: the data of the Secret that a pod names, not encoded')
    parser.add_argument('--suite', choices=sorted(SUITES), default=FULL.name, help='which checks (default: full)')
    parser.add_argument('--strict', action='store_true', help='let a SHOULD that fails count')
    parser.add_argument('--waive', metavar='NUMBER=REASON', action='append', default=[], type=_waiver, help='let a check fail, and show why')
    parser.add_argument('--timeout', metavar='SECONDS', type=_seconds, default=30, help='after which a callout counts as hung (default: 30)')
    parser.add_argument('--on-the-node', action='store_true', help='run the driver on the file systems of this machine, not in an enclosure over them')
    parser.add_argument('--junit', metavar='FILE', help='write a report in JUnit XML')
    parser.add_argument('--verbose', action='store_true', help='show the checks that passed as well')
    return parser


def _waiver(text: str) -> tuple:
    number, _equals, reason = text.partition('=')
    if not number.isdigit() or int(number) not in CATALOGUE or not reason.strip():
        raise argparse.ArgumentTypeError(f'{text!r}: write the number of a check, "=" and a reason, as in "404=known since 2019"')
    return int(number), reason


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if float(text) > 0:
            return float(text)
    raise argparse.ArgumentTypeError(f'{text!r}: give a number of seconds above 0')


def _stop(_number, _frame):
    raise KeyboardInterrupt


def _mapping(path, option: str) -> dict:
    """Read a JSON object of plain values."""
    if not path:
        return {}
    try:
        with open(path, encoding='utf-8') as file:
            value = json.load(file)
    except OSError as error:
        raise NodeError(f'{option} {path}: {error.strerror}.') from None
    except ValueError as error:
        raise NodeError(f'{option} {path}: it is not JSON: {error}.') from None
    if not isinstance(value, dict) or not all(isinstance(item, (str, int, float)) for item in value.values()):
        raise NodeError(f'{option} {path}: it must hold one JSON object whose values are strings, as in {{"share": "data"}}.')
    return value


@contextlib.contextmanager
def _in_place(path: str, given):
    """Yield the driver where the kubelet would find it, VENDOR~DRIVER/DRIVER, and its name; a copy, unless it lies in such a directory."""
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise NodeError(f'{path} is no file: name the executable of a driver.')
    vendor, tilde, driver = os.path.basename(os.path.dirname(path)).partition('~')
    if tilde and driver == os.path.basename(path) and given in (None, f'{vendor}/{driver}'):
        yield path, DriverName.parse(f'{vendor}/{driver}')
        return
    name = DriverName.parse(given or f'{VENDOR}/{os.path.splitext(os.path.basename(path))[0].lower().replace("_", "-")}')
    plugin_dir = tempfile.mkdtemp(prefix='flexvolume-driver-')
    try:
        os.chmod(plugin_dir, 0o755)
        executable = os.path.join(plugin_dir, name.directory, name.driver)
        os.mkdir(os.path.dirname(executable), 0o755)
        shutil.copy(path, executable)
        os.chmod(executable, os.stat(path).st_mode & 0o755)
        yield executable, name
    finally:
        shutil.rmtree(plugin_dir, ignore_errors=True)


def _examine(executable: str, name: DriverName, options: dict, secrets: dict, arguments: argparse.Namespace) -> dict:
    kubelet = process.running()
    start = time.monotonic()
    checks = suite.run(executable, name, process.callout_environment(kubelet), options, SUITES[arguments.suite], timeout=arguments.timeout,
                       kubelet=kubelet if executable == os.path.abspath(arguments.driver) else None, waive=dict(arguments.waive),
                       enclose=not arguments.on_the_node)
    given, hidden = shlex.quote(os.path.abspath(arguments.driver)), words({'secrets': secrets})
    shown = [check._replace(callout=check.callout.replace(shlex.quote(executable), given), evidence=masked(check.evidence, hidden)) for check in checks]
    return dict(name=str(name), passed=not suite.failures(checks, arguments.strict), seconds=round(time.monotonic() - start, 3),
                checks=[dict(check._asdict()) for check in shown])


def _report(result: dict, arguments: argparse.Namespace) -> int:
    say('\n'.join(presented.table(result, arguments.verbose) + [
        f'  to repeat {check["number"]}: {check["callout"]}' for check in result['checks'] if check['outcome'] == FAILED and check['callout']]))
    if arguments.junit:
        tree = ElementTree.ElementTree(presented.junit(os.uname().nodename, result, arguments.strict))
        try:
            tree.write(arguments.junit, encoding='utf-8', xml_declaration=True)
        except OSError as error:
            raise NodeError(f'--junit {arguments.junit}: {error.strerror}.') from None
    return 0 if result['passed'] else 1
