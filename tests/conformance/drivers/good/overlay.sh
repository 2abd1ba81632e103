#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A volume is an overlay over a directory that volumes share, as a cache of images has it. Its upper layer cannot lie on another overlay.

base=/var/lib/conformance-fixture
capabilities='"attach": false, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false'

success() { echo '{"status": "Success"}'; }
failure() { echo "{\"status\": \"Failure\", \"message\": \"$1\"}"; exit 1; }
layers_of() { echo "$base/$(echo "$1" | cksum | tr ' ' -)"; }

# Only an option of its own can look like this: a quote inside of a value is escaped.
access() {
    case $1 in
        *'"kubernetes.io/readwrite":"ro"'*) echo ro ;;
        *) echo rw ;;
    esac
}

forget() {
    rm -rf "$1"
    rmdir "$base" 2>/dev/null || :
}

call_mount() {
    [ $# -eq 2 ] || failure 'mount takes a directory and JSON'
    case $2 in
        '{'*'}') ;;
        *) failure 'the options are not JSON' ;;
    esac
    layers=$(layers_of "$1")
    if mountpoint -q "$1"; then success; return; fi
    mkdir -p "$layers/upper" "$layers/work" 2>/dev/null || failure 'there is no room for its layers'
    mount -t overlay -o "$(access "$2"),lowerdir=/usr/share,upperdir=$layers/upper,workdir=$layers/work" conformance "$1" 2>/dev/null ||
        { forget "$layers"; failure 'the overlay cannot be mounted'; }
    success
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    if mountpoint -q "$1"; then umount "$1" || failure 'it cannot be unmounted'; fi
    forget "$(layers_of "$1")"
    success
}

case ${1-} in
    init) echo "{\"status\": \"Success\", \"capabilities\": {$capabilities}}" ;;
    mount | unmount) callout=$1; shift; "call_$callout" "$@" ;;
    *) echo '{"status": "Not supported"}'; exit 1 ;;
esac
