# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root file systems that nodes are overlays of: a minimal Debian or Ubuntu, made once by mmdebstrap and cached, or one that somebody brings."""

import hashlib
import os
import pathlib
import shutil
import tempfile

from . import host, images

PLAIN = ('apt', 'iproute2', 'kmod', 'openssh-server', 'procps', 'python3', 'python3-apt')
SYSTEMD = (*PLAIN, 'dbus', 'e2fsprogs', 'systemd', 'systemd-sysv')
KUBELET = (*SYSTEMD, 'busybox-static', 'cloud-init', 'containerd', 'mount', 'runc')
PACKAGES = {'plain': PLAIN, 'systemd': SYSTEMD, 'kubelet': KUBELET}

# Which Debian or Ubuntu; of several, each node has the next. The kubelet's own tests know bookworm only.
SUITES = (os.environ.get('NODE_SUITE') or 'bookworm').split(',')
UBUNTU = ('bionic', 'focal', 'jammy', 'noble')
KEYRINGS = 'usr/share/keyrings'

# A tar of the root of any other distribution, made by whatever means; it needs what NEEDED names.
GIVEN = os.environ.get('NODE_ROOT')
NEEDED = {'systemd': 'lib/systemd/systemd', 'an SSH server': 'usr/sbin/sshd'}

# What a node can install although nothing leads out of it: kept, with its dependencies, in an apt source inside the root.
INSTALLABLE = ('jq',)
POOL = 'srv/packages'

# Jobs that want the internet, or would disturb a measurement.
MASKED = ('apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer')


def path(kind: str, suite: str) -> pathlib.Path:
    """Return the root of that kind of node, of one of the SUITES, making it first where it is not cached."""
    if GIVEN:
        return _given(pathlib.Path(GIVEN), kind)
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes() + pathlib.Path(images.__file__).read_bytes())
    root = host.CACHE / f'root-{kind}-{suite}-{recipe.hexdigest()[:12]}'
    with host.locked(host.CACHE / f'root-{kind}.lock'):
        if not root.exists():
            new = host.CACHE / f'root-{kind}.new'
            shutil.rmtree(new, ignore_errors=True)
            _bootstrap(new, suite, PACKAGES[kind])
            _settle(new)
            _add_packages(new)
            if kind != 'plain':
                _mask(new)
            if kind == 'kubelet':
                images.write(new / images.ARCHIVE, new / 'bin/busybox')
            new.rename(root)
    return root


def _given(tar: pathlib.Path, kind: str) -> pathlib.Path:
    """Return what is in somebody's tar of a root, unpacked once for each version of it."""
    if kind == 'kubelet':
        raise host.Failure('NODE_ROOT is for nodes without a kubelet: leave --kubelet out.')
    if not tar.is_file():
        raise host.Failure(f'NODE_ROOT={tar} is no file: name the tar of a root file system.')
    found = tar.stat()
    version = hashlib.sha256(f'{tar.resolve()} {found.st_size} {found.st_mtime_ns}'.encode())
    root = host.CACHE / f'root-given-{version.hexdigest()[:12]}'
    with host.locked(host.CACHE / 'root-given.lock'):
        if not root.exists():
            new = host.CACHE / 'root-given.new'
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            host.run_slowly(f'unpacking {tar}', 'tar', '--extract', '--numeric-owner', '--xattrs', '--file', tar, '--directory', new)
            for what, path in NEEDED.items():
                if not (new / path).exists():
                    raise host.Failure(f'NODE_ROOT={tar} has no {what} at /{path}: install it there first.')
            _settle(new)
            _mask(new)
            new.rename(root)
    return root


def _bootstrap(root: pathlib.Path, suite: str, packages: tuple):
    host.install('debian-archive-keyring', 'dpkg-dev', 'mmdebstrap')
    options = [f'--keyring={_ubuntu_keyrings()}', '--components=main,universe'] if suite in UBUNTU else []
    download = f'''
        mkdir -p "$1/{POOL}/partial"
        APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --download-only -o Dir::Cache::Archives="$1/{POOL}" install {" ".join(INSTALLABLE)}
        rm -r "$1/{POOL}/partial" "$1/{POOL}/lock"'''
    host.run_slowly(
        f'making a root file system of {suite}, once (half a minute)', 'mmdebstrap', '--mode=root', '--format=directory', '--variant=minbase',
        f'--include={",".join(packages)}', f'--customize-hook={download}', *options, suite, root)


def _ubuntu_keyrings() -> pathlib.Path:
    """Return a directory with Ubuntu's keys, which Debian has a package with since Debian 13, vouched for by Debian's own."""
    keyrings = host.CACHE / 'ubuntu-keyrings'
    if not keyrings.exists():
        with tempfile.TemporaryDirectory(dir=host.CACHE) as directory:
            root = pathlib.Path(directory) / 'root'
            host.run('mmdebstrap', '--mode=root', '--format=directory', '--variant=extract', '--include=ubuntu-keyring', 'trixie', root)
            (root / KEYRINGS).rename(keyrings)
    return keyrings


def _settle(root: pathlib.Path):
    for name in ('resolv.conf', 'hostname'):
        (root / 'etc' / name).unlink(missing_ok=True)


def _add_packages(root: pathlib.Path):
    (root / POOL / 'Packages').write_text(host.run('dpkg-scanpackages', '--multiversion', '.', cwd=root / POOL), encoding='utf-8')
    (root / 'etc/apt/sources.list').write_text(f'deb [trusted=yes] file:/{POOL} ./\n', encoding='utf-8')
    host.run('chroot', root, 'apt-get', '-q', 'update')


def _mask(root: pathlib.Path):
    for unit in MASKED:
        (root / 'etc/systemd/system' / unit).symlink_to('/dev/null')
