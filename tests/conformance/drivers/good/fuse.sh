#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A volume is the directory that the option "share" names, shown by a FUSE file system (bindfs), whose process lives as long as the mount does.

success() { echo '{"status": "Success"}'; exit 0; }
failure() { echo "{\"status\": \"Failure\", \"message\": \"$1\"}"; exit 1; }
not_supported() { echo '{"status": "Not supported"}'; exit 1; }

call_init() {
    echo '{"status": "Success", "capabilities": {"attach": false, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false}}'
}

call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    case $2 in
        '{'*'}') ;;
        *) failure 'the options are not JSON' ;;
    esac
    share=$(printf '%s\n' "$2" | sed -n 's|.*"share":"\([A-Za-z0-9/._-]*\)".*|\1|p')
    case $share in
        *..*) failure 'share has two dots' ;;
        /*) [ -d "$share" ] || failure 'share is no directory' ;;
        *) failure 'share is missing, or no absolute path' ;;
    esac
    access=rw
    case $2 in
        *'"kubernetes.io/readwrite":"ro"'*) access=ro ;;
    esac
    ! mountpoint -q "$1" || success
    bindfs -o "$access,allow_other,fsname=$share" "$share" "$1" >/dev/null 2>&1 || failure 'it cannot be mounted'
    mountpoint -q "$1" || failure 'it is not mounted'
    success
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    if mountpoint -q "$1"; then umount "$1" 2>/dev/null || failure 'it cannot be unmounted'; fi
    success
}

main() {
    callout=${1-}
    [ $# -eq 0 ] || shift
    case $callout in
        init | mount | unmount) "call_$callout" "$@" ;;
        *) not_supported ;;
    esac
}

main "$@"
