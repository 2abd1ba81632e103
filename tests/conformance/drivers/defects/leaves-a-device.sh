# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 805

mount_volume() {
    mkdir -p /dev/conformance
    mknod "/dev/conformance/${1##*/}.$$" c 1 3
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"
}
