# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 415

mount_volume() {
    mount -t tmpfs -o mode=0755 conformance "$1" 2>/dev/null
    echo hello 2>/dev/null >"$1/index.html"
    [ "$(access "$2")" = rw ] || mount -o remount,ro "$1"
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    rm -f "$1/index.html" 2>/dev/null
    umount "$1" 2>/dev/null
    success
}
