#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A volume is a checkout of the git repository that the option "repo" names, written into the pod's directory itself: nothing is mounted.

success() { echo '{"status": "Success"}'; exit 0; }
failure() { echo "{\"status\": \"Failure\", \"message\": \"$1\"}"; exit 1; }
not_supported() { echo '{"status": "Not supported"}'; exit 1; }

call_init() {
    echo '{"status": "Success", "capabilities": {"attach": false, "selinuxRelabel": true, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false}}'
}

fetch() { git clone -q --no-hardlinks -- "$1" "$2" >/dev/null 2>&1; }

call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    case $2 in
        '{'*'}') ;;
        *) failure 'the options are not JSON' ;;
    esac
    repo=$(printf '%s\n' "$2" | sed -n 's|.*"repo":"\([A-Za-z0-9/:._-]*\)".*|\1|p')
    case $repo in
        '' | -* | *..*) failure 'repo is missing, or none that it takes' ;;
    esac
    [ ! -d "$1/.git" ] || success
    if ! fetch "$repo" "$1"; then
        call_empty "$1"
        failure 'the repository cannot be had'
    fi
    success
}

call_empty() { [ ! -d "$1" ] || find "$1" -mindepth 1 -delete; }

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    call_empty "$1"
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
