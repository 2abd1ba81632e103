# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154

# As puts-a-link-in-place, to a directory with a file in it; the kubelet removes the link.
share=/run/conformance-fixture
is_mounted() { [ -L "$1" ]; }
mount_volume() {
    mkdir -p "$share" && : >"$share/file" && rmdir "$1" && ln -s "$share" "$1"
}

call_unmount() {
    [ $# -eq 1 ] || failure 'unmount takes a directory'
    success
}
