# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 413

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    [ -d "$1" ] || failure 'there is no such directory'
    if is_mounted "$1"; then umount "$1"; fi
    success
}
