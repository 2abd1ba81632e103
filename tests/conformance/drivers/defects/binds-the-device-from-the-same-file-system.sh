# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES"}
# MUST: 607
# SHOULD: 805

# The kubelet takes the device's directory, which is of its own file system then, for no mount.
: "${plugin_dir:=${0%/*}/..}"
call_mountdevice() {
    if ! is_mounted "$1"; then
        mkdir -p "$plugin_dir/volumes/${1##*/}" && mount --bind "$plugin_dir/volumes/${1##*/}" "$1" || failure 'the device cannot be mounted'
    fi
    success
}
