# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 415
# SHOULD: 801

share=/run/conformance-fixture
is_mounted() { [ -L "$1" ]; }
mount_volume() {
    share=$share/${1##*/}
    mkdir -p "$share"
    mount -t tmpfs conformance "$share" 2>/dev/null
    rmdir "$1" && ln -s "$share" "$1"
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    rm -f "$1" 2>/dev/null
    success
}
