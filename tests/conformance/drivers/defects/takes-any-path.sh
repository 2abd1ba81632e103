# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"path": "IMAGES"}

# A path that may be any has nothing to climb out of.
mount_volume() {
    path=$(printf '%s\n' "$2" | sed -n 's|.*"path":"\([A-Za-z0-9/._-]*\)"}$|\1|p')
    case $path in
        /*) [ -d "$path" ] ;;
        *) failure 'there is no such path' ;;
    esac
    mount --bind "$path" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
