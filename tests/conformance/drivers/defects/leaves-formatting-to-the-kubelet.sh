# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES", "kubernetes.io/fsType": "ext4"}

# The kubelet makes a file system of the pod's fsType where there is none, and mounts that.
call_attach() {
    volume=$(name "$1")
    images=$(option "$1" images)
    [ -d "$images" ] || failure 'images is no directory'
    device=$(device_of "$volume")
    if [ -z "$device" ]; then
        truncate -s 1M "$images/$volume.img"
        device=$(losetup --find --show "$images/$volume.img" 2>/dev/null) || failure 'no loop device is free'
    fi
    success "\"device\": \"$device\""
}

call_mountdevice() { not_supported; }
call_mount() { not_supported; }
