# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"kubernetes.io/secret/password": "c2VjcmV0"}
# MUST: 408

mount_volume() {
    password=$(printf '%s\n' "$2" | sed -n 's|.*"kubernetes.io/secret/password":"\([^"]*\)".*|\1|p' | base64 -d 2>/dev/null)
    sh -c ": $password" >/dev/null 2>&1
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"
}
