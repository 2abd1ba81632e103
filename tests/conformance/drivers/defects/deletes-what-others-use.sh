# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 418

mount_volume() {
    mkdir -p /run/conformance-fixture && mount --bind /run/conformance-fixture "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    if is_mounted "$1"; then
        find "$1" -mindepth 1 -delete 2>/dev/null
        umount "$1" 2>/dev/null || failure 'it cannot be unmounted'
    fi
    success
}
