#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A volume is a tmpfs of its own. The defects are this driver with some of its functions replaced.

# shellcheck disable=SC2034 # for the defects
plugin_dir=${0%/*}/..

success() { echo '{"status": "Success"}'; }
failure() { echo "{\"status\": \"Failure\", \"message\": \"$1\"}"; exit 1; }
not_supported() { echo '{"status": "Not supported"}'; exit 1; }

capabilities='"attach": false, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false'
call_init() { echo "{\"status\": \"Success\", \"capabilities\": {$capabilities}}"; }

# Only an option of its own can look like this: a quote inside of a value is escaped.
access() {
    case $1 in
        *'"kubernetes.io/readwrite":"ro"'*) echo ro ;;
        *) echo rw ;;
    esac
}

check_json() {
    case $1 in
        '{'*'}') ;;
        *) failure 'the options are not JSON' ;;
    esac
}

is_mounted() { mountpoint -q "$1"; }
mount_volume() { mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"; }

call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    check_json "$2"
    is_mounted "$1" || mount_volume "$1" "$2" || failure 'it cannot be mounted'
    success
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    if is_mounted "$1"; then umount "$1" || failure 'it cannot be unmounted'; fi
    success
}

call_other() { not_supported; }

main() {
    callout=${1-}
    [ $# -eq 0 ] || shift
    case $callout in
        init | mount | unmount) "call_$callout" "$@" ;;
        *) call_other "$callout" "$@" ;;
    esac
}

main "$@"
