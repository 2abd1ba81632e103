# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154
# base: attachable
# options: {"images": "IMAGES"}

# The kubelet mounts the device, binds it, and unmounts both.
call_getvolumename() { not_supported; }
call_isattached() { not_supported; }
call_mountdevice() { not_supported; }
call_mount() { not_supported; }
call_unmount() { not_supported; }
call_unmountdevice() { not_supported; }
