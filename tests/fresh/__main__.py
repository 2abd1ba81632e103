# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two commands on a machine that nobody prepared: a minimal Debian, booted, with what the README names and no D-Bus; run it by C(make fresh)."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from nodes import host, machine  # noqa: E402

# What the README names, and what an installation without any task has besides: variant "important".
NAMED = ('git', 'make', 'python3', 'ca-certificates')
DISK = host.CACHE / 'fresh'
ROOT = DISK / 'root'
LOG = 'root/first-hour.log'
# How this machine reaches packages is its own business, and whoever installs a machine says so.
SETTINGS = ('etc/resolv.conf', 'etc/ssl/certs/ca-certificates.crt', 'etc/pip.conf')
VARIABLES = ('PIP_INDEX_URL', 'PIP_CERT', 'PIP_DEFAULT_TIMEOUT')
UNIT = '''\
[Unit]
After=multi-user.target
Conflicts=shutdown.target
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
Environment=HOME=/root {environment}
WorkingDirectory=/root/nodeops.flexvolume
ExecStart=/bin/bash /root/nodeops.flexvolume/tests/fresh/first-hour {phases}
StandardOutput=append:/{log}
StandardError=inherit
'''


def main() -> int:
    """Make the machine, boot it, show what it says, and remove it; return 0 where all went well."""
    parser = argparse.ArgumentParser(prog='fresh', description=__doc__)
    parser.add_argument('phases', nargs='*', default=['test'], help='which targets after the demo (default: test)')
    parser.add_argument('--keep', action='store_true', help='leave the machine on the disk')
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    try:
        install(arguments.phases)
        return boot()
    except host.Failure as failure:
        host.say(str(failure))
        return 1
    finally:
        if not arguments.keep:
            shutil.rmtree(DISK, ignore_errors=True)


def install(phases: list):
    """Make the root file system with the committed state of this checkout in it, and the unit that types the commands."""
    host.install('mmdebstrap', 'systemd-container', 'git')
    shutil.rmtree(DISK, ignore_errors=True)
    DISK.mkdir(parents=True)
    host.run_slowly('installing a minimal Debian', 'mmdebstrap', '--mode=root', '--format=directory', '--variant=important',
                    f'--include={",".join((*NAMED, "systemd-sysv"))}', 'bookworm', ROOT)
    if (ROOT / 'usr/bin/dbus-daemon').exists():
        raise host.Failure('the minimal Debian came with D-Bus, without which it is to be tested.')
    for setting in SETTINGS:
        if pathlib.Path('/', setting).exists():
            shutil.copy(pathlib.Path('/', setting), ROOT / setting)
    host.run('git', 'clone', '--quiet', CHECKOUT, ROOT / 'root/nodeops.flexvolume')
    environment = ' '.join(f'"{name}={value}"' for name, value in os.environ.items() if name.lower().endswith('_proxy') or name in VARIABLES)
    units = ROOT / 'etc/systemd/system'
    (units / 'first-hour.service').write_text(UNIT.format(environment=environment, phases=' '.join(phases), log=LOG), encoding='utf-8')
    # Started by a timer, so that the machine is up before.
    (units / 'first-hour.timer').write_text('[Timer]\nOnActiveSec=2s\nAccuracySec=1s\n', encoding='utf-8')
    wants = units / 'timers.target.wants'
    wants.mkdir(exist_ok=True)
    (wants / 'first-hour.timer').symlink_to('../first-hour.timer')


def boot() -> int:
    """Boot it with all that a machine has that this one can lend, follow its log, and return the status of what was typed."""
    groups = machine.add_cgroups('fresh', every=True)
    devices = [f'--bind={device}' for device in ('/dev/kmsg', '/dev/fuse', *sorted(map(str, pathlib.Path('/dev').glob('loop*'))))]
    command = ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe',
               f'--directory={ROOT}', '--machine=fresh', '--capability=all', '--system-call-filter=bpf keyctl add_key', *devices, '--boot']
    enter = 'for group in $1; do echo $$ > "$group/cgroup.procs" || exit; done; shift; exec "$@"'
    environment = dict(os.environ, SYSTEMD_NSPAWN_API_VFS_WRITABLE='1', SYSTEMD_NSPAWN_TMPFS_TMP='0')
    process = subprocess.Popen(['sh', '-c', enter, 'sh', ' '.join(groups), *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
    try:
        follow(ROOT / LOG, process)
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
        for group in groups:
            machine.remove_cgroup(pathlib.Path(group))
        with contextlib.suppress(OSError):
            (machine.PROPAGATE / 'fresh').rmdir()


def follow(log: pathlib.Path, process: subprocess.Popen):
    """Show what is written to the log until the process ends."""
    position, last = 0, False
    while not last:
        last = process.poll() is not None
        if log.exists():
            with open(log, 'rb') as file:
                file.seek(position)
                sys.stdout.buffer.write(file.read())
                sys.stdout.flush()
                position = file.tell()
        time.sleep(0.5)


if __name__ == '__main__':
    sys.exit(main())
