# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 411

# The kubelet then takes the volume, which is of its own file system, for no mount.
mount_volume() {
    mkdir -p "$plugin_dir/volumes/${1##*/}" && mount --bind "$plugin_dir/volumes/${1##*/}" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
call_unmount() { not_supported; }
