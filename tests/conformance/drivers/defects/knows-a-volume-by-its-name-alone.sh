# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 501

mount_volume() {
    mkdir "$plugin_dir/of-${1##*/}" 2>/dev/null || return
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1" || { rmdir "$plugin_dir/of-${1##*/}"; return 1; }
}
call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    if is_mounted "$1"; then umount "$1"; fi
    rmdir "$plugin_dir/of-${1##*/}" 2>/dev/null
    success
}
