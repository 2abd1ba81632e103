# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154

capabilities='"attach": false, "selinuxRelabel": false, "fsGroup": false, "requiresFSResize": false, "supportsMetrics": false'
mount_volume() {
    group=$(printf '%s\n' "$2" | sed -n 's|.*"kubernetes.io/mounterArgs.FsGroup":"\([0-9]*\)".*|\1|p')
    mount -t tmpfs -o "mode=0775,gid=${group:-0},$(access "$2")" conformance "$1"
}
