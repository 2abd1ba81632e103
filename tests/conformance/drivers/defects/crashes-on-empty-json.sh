# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# SHOULD: 306

check_json() {
    case $1 in
        '{}') echo 'fsType: unbound variable' >&2; exit 1 ;;
        '{'*'}') ;;
        *) failure 'the options are not JSON' ;;
    esac
}
