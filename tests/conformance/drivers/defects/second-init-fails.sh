# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# MUST: 201
# SHOULD: 203

call_init() {
    mkdir "$plugin_dir/begun" 2>/dev/null || { rmdir "$plugin_dir/begun"; failure 'it was begun already'; }
    echo "{\"status\": \"Success\", \"capabilities\": {$capabilities}}"
}
