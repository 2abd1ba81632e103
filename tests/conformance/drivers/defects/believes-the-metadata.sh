# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 410

mount_volume() {
    uid=$(printf '%s\n' "$2" | sed -n 's|.*"kubernetes.io/pod.uid":"\([a-z0-9-]*\)".*|\1|p')
    mkdir -p "$plugin_dir/volumes/$uid" && mount --bind "$plugin_dir/volumes/$uid" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
