# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 401
# timeout: 2

mount_volume() {
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"
    sleep 600 &
}
