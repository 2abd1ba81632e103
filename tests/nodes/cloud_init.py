# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cloud-init on a kubelet node: off, unless the node gets user data, from a seed on its own disk (the data source NoCloud)."""

import pathlib

# Left to itself it would take a node's name, network and root's key away, and miss what a minimal Debian has no locales for.
CONFIG = '''\
datasource_list: [NoCloud]
disable_root: false
locale: false
network: {config: disabled}
preserve_hostname: true
ssh_deletekeys: false
'''


def furnish(upper: pathlib.Path, name: str, user_data: str):
    """Put the seed into a node's own layer, or switch cloud-init off."""
    settings = upper / 'etc/cloud'
    (settings / 'cloud.cfg.d').mkdir(parents=True)
    if not user_data:
        (settings / 'cloud-init.disabled').touch()
        return
    (settings / 'cloud.cfg.d/99-nodes.cfg').write_text(CONFIG, encoding='utf-8')
    seed = upper / 'var/lib/cloud/seed/nocloud'
    seed.mkdir(parents=True)
    (seed / 'meta-data').write_text(f'instance-id: {name}\n', encoding='utf-8')
    (seed / 'user-data').write_text(user_data, encoding='utf-8')
