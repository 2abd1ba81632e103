# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 404

call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    check_json "$2"
    if is_mounted "$1"; then umount "$1"; fi
    mount_volume "$1" "$2" || failure 'it cannot be mounted'
    success
}
