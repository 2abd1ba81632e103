# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# options: {"repo": "https://example.org/site.git"}
# MUST: 408

# What does not look like a repository is refused, so that only what comes after one is run.
mount_volume() {
    repo=$(printf '%s\n' "$2" | sed -n 's|.*"repo":"\([^"]*\)".*|\1|p')
    case $repo in
        https://*.git*) ;;
        *) failure 'there is no such repository' ;;
    esac
    eval "set -- \"\$1\" \"\$2\" $repo" >/dev/null 2>&1
    mount -t tmpfs -o "mode=0755,$(access "$2")" conformance "$1"
}
