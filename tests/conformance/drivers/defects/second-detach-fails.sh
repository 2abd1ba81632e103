# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES"}
# SHOULD: 609

call_detach() {
    device=$(device_of "$1")
    [ -n "$device" ] || failure 'it is not attached'
    image=$(losetup --noheadings --output BACK-FILE "$device")
    losetup --detach "$device" || failure 'the device is busy'
    rm -f "$image"
    success
}
