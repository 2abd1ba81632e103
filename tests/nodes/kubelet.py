# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a node a kubelet node: a kubelet and containerd as systemd services, configured by the files under kubelet_root/."""

import pathlib
import re
import shutil

from . import host, kubelet_binary

FILES = pathlib.Path(__file__).with_name('kubelet_root')
PLUGIN_DIR = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
READY = ('sh', '-c', 'systemctl is-system-running --wait && busybox wget -q -O /dev/null http://127.0.0.1:10248/healthz')


def nspawn_options() -> list:
    """Return the options of systemd-nspawn that put the kubelet's binary in place."""
    return [f'--bind-ro={kubelet_binary.path()}:/usr/bin/kubelet']


def furnish(upper: pathlib.Path):
    """Put the configuration and the units into a node's own layer."""
    shutil.copytree(FILES, upper, dirs_exist_ok=True)
    wanted = upper / 'etc/systemd/system/multi-user.target.wants'
    wanted.mkdir()
    for unit in ('prepare-kubelet.service', 'kubelet.service'):
        (wanted / unit).symlink_to(f'../{unit}')
    (upper / 'etc/kubernetes/manifests').mkdir(parents=True)
    (upper / 'etc/default').mkdir()
    (upper / 'etc/default/kubelet').write_text(f'KUBELET_EXTRA_ARGS={_version_arguments()}\n', encoding='utf-8')


def _version_arguments() -> str:
    binary = kubelet_binary.path()
    version = re.search(r'v1\.(\d+)', host.run(binary, '--version'))
    if not version:
        raise host.Failure(f'{binary} --version names no Kubernetes version: set KUBELET to a kubelet binary, or unset it.')
    minor = int(version.group(1))
    # Before 1.24 the kubelet looks for Docker unless told otherwise; since 1.27 it does not know the flag any more.
    if minor < 24:
        return '--container-runtime=remote'
    # Since 1.35 it does not start on a machine with cgroup v1 unless told to.
    return '--fail-cgroupv1=false' if minor >= 35 else ''
