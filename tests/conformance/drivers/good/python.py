#!/usr/bin/env python3
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A volume is the directory C(path) below C(base), both options of the pod, bound to the pod's directory. It honours fsGroup itself."""

import json
import os
import re
import subprocess
import sys


class Refused(Exception):
    pass


def init():
    return {'capabilities': {
        'attach': False, 'selinuxRelabel': False, 'fsGroup': False, 'requiresFSResize': False, 'supportsMetrics': False}}


def mount(directory, text):
    try:
        options = json.loads(text)
        base, path = options['base'], options['path']
    except (ValueError, KeyError):
        raise Refused('base and path are missing') from None
    if not os.path.isabs(base) or not os.path.isdir(base) or '..' in base.split('/') or not re.fullmatch('[a-z]+', path):
        raise Refused(f'there is no {path!r} below {base!r}')
    if os.path.ismount(directory) or mounted(directory):
        return {}
    source = os.path.join(base, path)
    os.makedirs(source, exist_ok=True)
    group = options.get('kubernetes.io/mounterArgs.FsGroup')
    if group:
        os.chown(source, -1, int(group))
        os.chmod(source, 0o2775)
    run('mount', '--bind', source, directory)
    if options.get('kubernetes.io/readwrite') == 'ro':
        run('mount', '-o', 'remount,bind,ro', directory)
    return {}


def unmount(directory):
    if mounted(directory):
        run('umount', directory)
    return {}


def mounted(directory):
    with open('/proc/self/mountinfo', encoding='utf-8') as table:
        return any(line.split()[4] == directory for line in table)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Refused(done.stdout.decode())


def main(callouts):
    name, arguments = (sys.argv[1:2] or [''])[0], sys.argv[2:]
    if name not in callouts:
        return {'status': 'Not supported'}
    function, count = callouts[name]
    if len(arguments) != count:
        return {'status': 'Failure', 'message': f'{name} takes {count} arguments'}
    try:
        return dict(function(*arguments), status='Success')
    except (OSError, Refused) as error:
        return {'status': 'Failure', 'message': str(error)}


answer = main({'init': (init, 0), 'mount': (mount, 2), 'unmount': (unmount, 1)})
print(json.dumps(answer))
sys.exit(answer['status'] != 'Success')
