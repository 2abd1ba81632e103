#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A volume is an image file in the directory that the option "images" names, attached as a loop device; through all callouts of the interface.

success() { echo "{\"status\": \"Success\"${1:+, $1}}"; exit 0; }
failure() { echo "{\"status\": \"Failure\", \"message\": \"$1\"}"; exit 1; }
not_supported() { echo '{"status": "Not supported"}'; exit 1; }

# option JSON NAME: the value, if it holds nothing but plain characters.
option() {
    case $1 in
        *"\"$2\":\""*) value=${1##*"\"$2\":\""} value=${value%%\"*} ;;
        *) value= ;;
    esac
    case $value in
        *[!A-Za-z0-9/._-]*) ;;
        *) echo "$value" ;;
    esac
}
name() { option "$1" 'kubernetes.io/pvOrVolumeName'; }
access() { option "$1" 'kubernetes.io/readwrite'; }

device_of() {
    for file in /sys/block/loop*/loop/backing_file; do
        read -r image 2>/dev/null <"$file" || continue
        case $image in
            */"$1.img" | */"$1.img (deleted)") file=${file#/sys/block/}; echo "/dev/${file%%/*}"; return ;;
        esac
    done
}
is_mounted() { mountpoint -q "$1"; }

call_init() {
    success '"capabilities": {"attach": true, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false}'
}

call_getvolumename() { success "\"volumeName\": \"$(name "$1")\""; }

call_attach() {
    images=$(option "$1" images)
    case $images in
        *..*) failure 'images has two dots' ;;
        /*) [ -d "$images" ] || failure 'images is no directory' ;;
        *) failure 'images is missing' ;;
    esac
    volume=$(name "$1")
    device=$(device_of "$volume")
    if [ -z "$device" ]; then
        truncate -s 1M "$images/$volume.img"
        mkfs.ext2 -q -F "$images/$volume.img" >/dev/null 2>&1 || failure 'no file system can be made'
        device=$(losetup --find --show "$images/$volume.img" 2>/dev/null) || failure 'no loop device is free'
    fi
    success "\"device\": \"$device\""
}

call_waitforattach() {
    [ -b "$1" ] || failure 'the device is missing'
    success "\"device\": \"$1\""
}

call_isattached() {
    if [ -n "$(device_of "$(name "$1")")" ]; then success '"attached": true'; fi
    success '"attached": false'
}

call_mountdevice() {
    is_mounted "$1" || mount -o "$(access "$3")" "$2" "$1" 2>/dev/null || failure 'the device cannot be mounted'
    success
}

call_mount() {
    volume=$(name "$2")
    device=$(device_of "$volume")
    [ -n "$device" ] || failure 'the volume is not attached'
    is_mounted "$1" || mount -o "$(access "$2")" "$device" "$1" 2>/dev/null || failure 'the volume cannot be mounted'
    success
}

call_unmount() {
    if is_mounted "$1"; then umount "$1" 2>/dev/null || failure 'it cannot be unmounted'; fi
    success
}

call_unmountdevice() { call_unmount "$@"; }

call_detach() {
    device=$(device_of "$1")
    if [ -n "$device" ]; then
        image=$(losetup --noheadings --output BACK-FILE "$device")
        losetup --detach "$device" || failure 'the device is busy'
        rm -f "$image"
    fi
    success
}

main() {
    callout=${1-}
    [ $# -eq 0 ] || shift
    case $callout in
        init) wanted=0 ;;
        getvolumename | unmount | unmountdevice) wanted=1 ;;
        attach | waitforattach | isattached | detach | mount) wanted=2 ;;
        mountdevice) wanted=3 ;;
        *) not_supported ;;
    esac
    [ $# -eq $wanted ] || failure "$callout takes $wanted arguments"
    "call_$callout" "$@"
}

main "$@"
