# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"path": "data"}
# MUST: 409

# It refuses two dots, and joins as Python's os.path.join does.
mount_volume() {
    path=$(printf '%s\n' "$2" | sed -n 's|.*"path":"\([A-Za-z0-9/._-]*\)"}$|\1|p')
    case $path in
        *..*) failure 'the path has two dots' ;;
        /*) ;;
        *) path=$plugin_dir/volumes/$path ;;
    esac
    mkdir -p "$path" && mount --bind "$path" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
