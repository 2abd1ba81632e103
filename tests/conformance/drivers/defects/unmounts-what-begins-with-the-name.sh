# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 416

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    for directory in $(cut -d ' ' -f 2 /proc/self/mounts | grep "^$1"); do umount "$directory" || failure 'it cannot be unmounted'; done
    success
}
