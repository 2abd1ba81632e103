# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES"}
# MUST: 608
# SHOULD: 609

call_detach() {
    device=$(device_of "$1")
    image=$(losetup --noheadings --output BACK-FILE "${device:-/dev/null}" 2>/dev/null)
    losetup --detach "$device" 2>/dev/null && rm -f "$image"
    failure 'it is still attached'
}
