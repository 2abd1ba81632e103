# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 410

# It looks for dots at the beginning alone.
mount_volume() {
    namespace=$(printf '%s\n' "$2" | sed -n 's|.*"kubernetes.io/pod.namespace":"\([A-Za-z0-9/._-]*\)".*|\1|p')
    case $namespace in
        ..* | /*) failure 'there is no such namespace' ;;
    esac
    mkdir -p "$plugin_dir/volumes/${namespace%%/*}" && mkdir -p "$plugin_dir/volumes/$namespace" || return
    mount --bind "$plugin_dir/volumes/$namespace" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
