# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"share": "data"}

# An option with a quote in it makes the message, and with it the answer, something else than JSON.
mount_volume() {
    share=$(printf '%s\n' "$2" | sed -n 's|.*"share":"\(.*\)"}$|\1|p' | sed 's|\\\\"|"|g; s|\\"|"|g')
    [ "$share" = data ] || failure "there is no share $share"
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"
}
