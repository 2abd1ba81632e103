#!/bin/sh
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

case $1 in
    init) echo '{"status": "Success", "message": "good", "capabilities": {"attach": false}}' ;;
    *) echo '{"status": "Not supported"}' ;;
esac
