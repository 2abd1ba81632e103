#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

case $1 in
    init) echo '{"status": "Success", "capabilities": {"attach": false}}' ;;
    mount) echo "{\"status\": \"Failure\", \"message\": \"asked with ${#3} characters for $2\"}"; exit 1 ;;
    unmount) echo '{"status": "Success"}' ;;
    echo) printf '%s' "$2" ;;
    environment) printf '{"status": "Success", "path": "%s", "home": "%s", "cwd": "%s"}' "$PATH" "$HOME" "$PWD" ;;
    hang) sleep 600 ;;
    *) echo '{"status": "Not supported"}'; exit 1 ;;
esac
