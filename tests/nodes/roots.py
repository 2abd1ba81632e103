# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root file systems that nodes are overlays of: minimal Debian, made once by mmdebstrap and cached."""

import hashlib
import os
import pathlib
import shutil

from . import host, images

PLAIN = ('iproute2', 'kmod', 'openssh-server', 'procps', 'python3', 'python3-apt')
SYSTEMD = (*PLAIN, 'dbus', 'e2fsprogs', 'systemd', 'systemd-sysv')
KUBELET = (*SYSTEMD, 'busybox-static', 'cloud-init', 'containerd', 'mount', 'runc')
PACKAGES = {'plain': PLAIN, 'systemd': SYSTEMD, 'kubelet': KUBELET}

# Which Debian. The kubelet's own tests know bookworm only.
SUITE = os.environ.get('NODE_SUITE') or 'bookworm'

# What a node can install although nothing leads out of it: kept, with its dependencies, in an apt source inside the root.
INSTALLABLE = ('jq',)
POOL = 'srv/packages'

# Jobs that want the internet, or would disturb a measurement.
MASKED = ('apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer')


def path(kind: str) -> pathlib.Path:
    """Return the root of that kind of node, making it first where it is not cached."""
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes() + pathlib.Path(images.__file__).read_bytes())
    root = host.CACHE / f'root-{kind}-{SUITE}-{recipe.hexdigest()[:12]}'
    with host.locked(host.CACHE / f'root-{kind}.lock'):
        if not root.exists():
            new = host.CACHE / f'root-{kind}.new'
            shutil.rmtree(new, ignore_errors=True)
            _bootstrap(new, PACKAGES[kind])
            _settle(new, kind)
            new.rename(root)
    return root


def _bootstrap(root: pathlib.Path, packages: tuple):
    host.install('debian-archive-keyring', 'dpkg-dev', 'mmdebstrap')
    download = f'''
        mkdir -p "$1/{POOL}/partial"
        APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --download-only -o Dir::Cache::Archives="$1/{POOL}" install {" ".join(INSTALLABLE)}
        rm -r "$1/{POOL}/partial" "$1/{POOL}/lock"'''
    host.run_slowly(
        f'making a root file system of {SUITE}, once (half a minute)', 'mmdebstrap', '--mode=root', '--format=directory', '--variant=minbase',
        f'--include={",".join(packages)}', f'--customize-hook={download}', SUITE, root)


def _settle(root: pathlib.Path, kind: str):
    for name in ('resolv.conf', 'hostname'):
        (root / 'etc' / name).unlink(missing_ok=True)
    (root / POOL / 'Packages').write_text(host.run('dpkg-scanpackages', '--multiversion', '.', cwd=root / POOL), encoding='utf-8')
    (root / 'etc/apt/sources.list').write_text(f'deb [trusted=yes] file:/{POOL} ./\n', encoding='utf-8')
    host.run('chroot', root, 'apt-get', '-q', 'update')
    if kind != 'plain':
        for unit in MASKED:
            (root / 'etc/systemd/system' / unit).symlink_to('/dev/null')
    if kind == 'kubelet':
        images.write(root / images.ARCHIVE, root / 'bin/busybox')
