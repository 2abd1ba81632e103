# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES"}
# MUST: 607
# SHOULD: 801 805

# The kubelet does not ask to unmount a device that is mounted elsewhere too.
call_mountdevice() {
    base=/run/conformance-bases/${1##*/}
    mkdir -p "$base"
    is_mounted "$base" || mount -t tmpfs device "$base" || failure 'the device cannot be mounted'
    is_mounted "$1" || mount --bind "$base" "$1" || failure 'the device cannot be bound'
    success
}
call_unmountdevice() {
    base=/run/conformance-bases/${1##*/}
    for directory in "$1" "$base"; do
        if is_mounted "$directory"; then umount "$directory" || failure 'it cannot be unmounted'; fi
    done
    rmdir "$base" 2>/dev/null
    success
}
