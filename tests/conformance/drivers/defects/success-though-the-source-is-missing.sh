# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"share": "data"}
# MUST: 407 415

mount_volume() {
    shares=/var/lib/conformance-fixture
    mkdir -p "$shares/data"
    share=$(printf '%s\n' "$2" | sed -n 's|.*"share":"\([a-z0-9-]*\)".*|\1|p')
    [ -n "$share" ] && [ -d "$shares/$share" ] || return 0
    mount --bind "$shares/$share" "$1" || return
    [ "$(access "$2")" = rw ] || mount -o remount,bind,ro "$1"
}
