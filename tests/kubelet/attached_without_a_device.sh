# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154

# For a node without loop devices: the file that attach makes stands for the device, a tmpfs for its file system.
device_of() { [ ! -e "/run/devices/$1" ] || echo "/run/devices/$1"; }
call_attach() {
    mkdir -p /run/devices
    : >"/run/devices/$(name "$1")"
    success "\"device\": \"/run/devices/$(name "$1")\""
}
call_waitforattach() { [ -e "$1" ] || failure 'the device is missing'; success "\"device\": \"$1\""; }
call_mountdevice() { is_mounted "$1" || mount -t tmpfs device "$1" || failure 'the device cannot be mounted'; success; }
call_mount() { is_mounted "$1" || mount -t tmpfs device "$1" || failure 'the volume cannot be mounted'; success; }
call_detach() { rm -f "/run/devices/$1"; success; }

