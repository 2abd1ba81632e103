# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages that drivers need, installed by the node's own package manager where no Ansible does it."""

import collections
import os
import shutil
import subprocess

from .._outcome import NodeError, Outcome

Manager = collections.namedtuple('Manager', ('query', 'installed', 'install', 'refresh'))

# In C(installed) is what the query answers of a package that is there, nothing where its exit status says it all.
MANAGERS = {
    'apt-get': Manager(('dpkg-query', '--show', '--showformat=${db:Status-Status}', '--'), 'installed',
                       ('apt-get', '--quiet', '--yes', '-o', 'DPkg::Lock::Timeout=30', 'install', '--'), ('apt-get', '--quiet', 'update')),
    'dnf': Manager(('rpm', '--query', '--whatprovides', '--'), '', ('dnf', '--quiet', '--assumeyes', 'install', '--'), None),
    'yum': Manager(('rpm', '--query', '--whatprovides', '--'), '', ('yum', '--quiet', '--assumeyes', 'install', '--'), None),
    'zypper': Manager(('rpm', '--query', '--whatprovides', '--'), '', ('zypper', '--quiet', '--non-interactive', 'install', '--'), None),
}


def ensure(packages: list, check: bool) -> Outcome:
    """Install those of the packages that the node lacks; NodeError names them where that fails or the node has none of the MANAGERS."""
    outcome = Outcome()
    if not packages:
        return outcome
    name = next((name for name in MANAGERS if shutil.which(name)), None)
    if name is None:
        raise NodeError(f'The drivers need the packages {", ".join(packages)}, and this node has none of {", ".join(MANAGERS)} to install them: see to '
                        'it that its image has them, and leave packages out.')
    manager = MANAGERS[name]
    missing = [package for package in packages if not _is_installed(package, manager)]
    for package in missing:
        outcome.note(f'package {package}', 'state: absent\n', 'state: present\n')
    if missing and not check:
        _install(missing, manager)
    return outcome


def _is_installed(package: str, manager: Manager) -> bool:
    status, said = _run(manager.query + (package.partition('=')[0],))
    return not status and manager.installed in said


def _install(packages: list, manager: Manager):
    command = manager.install + tuple(packages)
    status, said = _run(command)
    if status and manager.refresh:
        # The lists of a new node are empty, or older than the archive.
        _run(manager.refresh)
        status, said = _run(command)
    if status:
        last = (said.strip().splitlines() or ['it said nothing'])[-1]
        raise NodeError(f'The drivers need the packages {", ".join(packages)}, and "{" ".join(command)}" failed: {last.rstrip(".")}. '
                        "Install them by hand, or see to the node's package sources.")


def _run(command: tuple) -> tuple:
    environment = dict(os.environ, DEBIAN_FRONTEND='noninteractive', LC_ALL='C')
    # run_command belongs to AnsibleModule, and this runs where there is no Ansible too.
    # pylint: disable-next=ansible-bad-function
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False)
    return done.returncode, done.stdout.decode('utf-8', 'replace')
