# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 203

call_init() {
    state=$plugin_dir/changed
    if [ -e "$state" ]; then
        rm "$state"
        capabilities='"attach": false, "selinuxRelabel": true, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false'
    else
        : >"$state"
    fi
    echo "{\"status\": \"Success\", \"capabilities\": {$capabilities}}"
}
