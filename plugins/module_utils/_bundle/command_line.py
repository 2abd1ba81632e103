# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a bundle, flexvolume-node.pyz: the list of drivers, the drivers and what makes a node agree with them, in one file."""

# A program of its own prints for a person; nothing of this runs within a module.
# pylint: disable=ansible-bad-function

import argparse
import difflib
import json
import os
import signal
import sys
import zipimport

from .._conformance import suite
from .._conformance.full import FULL
from .._deploy import at_boot, drivers, node
from .._deploy.driver_files import Payload, Place
from .._kubelet import directories, process
from .._outcome import NodeError, Outcome, plain
from .._secrets import masked, with_secrets, words
from .._system import lock, roots
from .._system.screen import say
from . import packages
from .contents import Bundle


def main() -> int:
    """Run one command; return 0 where the node agrees, 1 where it does not or something was refused or failed, 2 where the command was wrong."""
    arguments = _parser().parse_args()
    loaded = roots.identity(sys.argv[0])
    signal.signal(signal.SIGTERM, _stop)
    hidden: list = []
    try:
        if os.geteuid():
            raise NodeError(f'{arguments.command} must run as root: run it with sudo.')
        with lock.held():
            if roots.identity(sys.argv[0]) == loaded:
                bundle = Bundle(zipimport.zipimporter(sys.argv[0]))
                hidden = words(bundle.parameters)
                return arguments.run(bundle, arguments)
        return _begin_again()
    except NodeError as error:
        return _fail(masked(str(error), hidden), arguments)
    except OSError as error:
        return _fail(f'The node refused: {error}. See to that file or its file system; this can be run again as it is.', arguments)
    except KeyboardInterrupt:
        return _fail('Stopped: what was begun was taken back, unless all of it was done by then; the command status tells.', arguments)


def _begin_again() -> int:
    """Leave the node to the bundle that a deploy put in the place of this one, which waited for it; there is none where the deploy wants none."""
    if os.path.exists(sys.argv[0]):
        os.execv(sys.executable, [sys.executable, '-I', *sys.argv])
    say(f'{sys.argv[0]} was removed while it waited for another run: there is nothing to do.')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='flexvolume-node.pyz', description='Make this node agree with the list of FlexVolume drivers in this file.')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND')
    # add_subparsers(required=True) came with Python 3.7.
    commands.required = True
    apply = commands.add_parser('apply', help='make the node agree with the list')
    apply.add_argument('--at-boot', action='store_true', help='and keep this file, to be applied at every boot before the kubelet starts')
    remove = commands.add_parser('remove', help='withdraw every driver of the list, and what apply --at-boot keeps')
    status = commands.add_parser('status', help='say whether the node agrees with the list, and change nothing')
    validate = commands.add_parser('validate', help='put every driver to the conformance suite')
    validate.add_argument('--strict', action='store_true', help='let a SHOULD that fails count')
    for command, run in ((apply, _apply), (remove, _remove), (status, _status), (validate, _validate)):
        command.add_argument('--json', action='store_true', help='print one JSON object instead of text')
        command.set_defaults(run=run)
    for command in (apply, remove):
        command.add_argument('--check', action='store_true', help='say what would change, and change nothing')
        command.add_argument('--diff', action='store_true', help="show each change, of a driver's config the keys")
        command.add_argument('--force', action='store_true', help='withdraw a driver although pods have volumes of it')
        command.add_argument('--delete-data', action='store_true', help='delete the host paths of drivers that are withdrawn, with all that they hold')
    return parser


def _apply(bundle: Bundle, arguments: argparse.Namespace) -> int:
    keep = arguments.at_boot or os.path.lexists(at_boot.kept())
    outcome = _ensure(bundle, arguments.check, keep, force=arguments.force, delete_data=arguments.delete_data)
    return _report(outcome, bundle, arguments, 'agrees with the list')


def _remove(bundle: Bundle, arguments: argparse.Namespace) -> int:
    # Of a list that withdraws all nothing follows for other drivers.
    bundle.parameters.update(state='absent', purge=None)
    outcome = _ensure(bundle, arguments.check, False, force=arguments.force, delete_data=arguments.delete_data)
    return _report(outcome, bundle, arguments, 'has no driver of the list')


def _status(bundle: Bundle, arguments: argparse.Namespace) -> int:
    kept = os.path.lexists(at_boot.kept())
    outcome = _ensure(bundle, True, kept)
    differences = [change['after_header'] for change in outcome.diff]
    if arguments.json:
        say(json.dumps(dict(agrees=not outcome.changed, differences=differences, at_boot=kept, bundle=bundle.sha256,
                            drivers=[driver['name'] for driver in bundle.parameters['drivers']], plugin_dir=outcome.facts['plugin_dir'])))
    else:
        say(''.join(f'differs: {header}\n' for header in differences)
            + f'This node {"does not agree" if outcome.changed else "agrees"} with the list of {bundle.sha256[:12]}, '
            + f'which it {"applies" if kept else "does not apply"} at boot.')
    return int(outcome.changed)


def _validate(bundle: Bundle, arguments: argparse.Namespace) -> int:
    kubelet = process.running()
    directory = directories.plugin_dir(kubelet, bundle.parameters['plugin_dir'])
    results, hidden = {}, words(bundle.parameters)
    for driver in drivers.read(bundle.parameters):
        if driver['state'] != 'absent':
            place, options = Place(directory.path, driver['name']), with_secrets(driver['options'], driver['secrets'])
            checks = suite.run(
                place.executable, driver['name'], process.callout_environment(kubelet), options, FULL, kubelet=kubelet,
                waive=driver['waive'])
            results[str(driver['name'])] = [check._replace(evidence=masked(check.evidence, hidden)) for check in checks]
    failed = {name: suite.failures(checks, arguments.strict) for name, checks in results.items()}
    if arguments.json:
        say(json.dumps(dict(passed=not any(failed.values()), drivers=[
            dict(name=name, passed=not failed[name], checks=[check._asdict() for check in checks]) for name, checks in results.items()])))
    else:
        for name, checks in results.items():
            for check in failed[name]:
                say(f'{name}: {check.number} {check.level} {check.title}: {plain(check.evidence)} {check.advice}')
            say(f'{name}: {"fails" if failed[name] else "passes"}, {len(failed[name])} of {len(checks)} checks failed.')
    return int(any(failed.values()))


def _ensure(bundle: Bundle, check: bool, keep: bool, **options) -> Outcome:
    declared = drivers.read(bundle.parameters)
    needed = {package for driver in declared if driver['state'] != 'absent' for package in driver['packages']}
    outcome = packages.ensure(sorted(needed), check)
    outcome.include(node.ensure(
        declared, bundle.executables, check=check, bundle=Payload(content=bundle.content) if keep else None, **options,
        **drivers.of_node(bundle.parameters)))
    outcome.warnings[:] = masked(outcome.warnings, words(bundle.parameters))
    return outcome


def _report(outcome: Outcome, bundle: Bundle, arguments: argparse.Namespace, agreed: str) -> int:
    headers = [change['after_header'] for change in outcome.diff]
    if arguments.json:
        answer = dict(outcome.facts, changed=outcome.changed, changes=headers, warnings=outcome.warnings, bundle=bundle.sha256)
        say(json.dumps(dict(answer, diff=outcome.diff) if arguments.diff else answer))
        return 0
    for warning in outcome.warnings:
        print(f'warning: {warning}', file=sys.stderr)
    lines = []
    for change in outcome.diff:
        lines.append(f'{"would change" if arguments.check else "changed"}: {change["after_header"]}')
        if arguments.diff:
            lines.extend(difflib.unified_diff(change['before'].splitlines(), change['after'].splitlines(), 'before', 'after', lineterm=''))
    tense = 'would change so that it' if arguments.check and outcome.changed else 'now' if outcome.changed else 'already'
    say('\n'.join([*lines, f'This node {tense} {agreed} of {bundle.sha256[:12]}.']))
    return 0


def _fail(message: str, arguments: argparse.Namespace) -> int:
    if arguments.json:
        say(json.dumps(dict(failed=True, msg=message)))
    else:
        print(message, file=sys.stderr)
    return 1


def _stop(_signal, _frame):
    """Take back what was begun, as on a key press, where systemd or a person ends this."""
    raise KeyboardInterrupt
