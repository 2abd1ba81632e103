# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 404

# The kubelet cannot see a bind mount of its own file system, and asks for it again after each restart. It gets rid of a stack by asking again.
mount_volume() {
    mkdir -p "$plugin_dir/volumes/${1##*/}" && mount --bind "$plugin_dir/volumes/${1##*/}" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    check_json "$2"
    mount_volume "$1" "$2" || failure 'it cannot be mounted'
    success
}
