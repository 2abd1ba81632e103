#!/bin/bash
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The driver that the benchmark compares with: bash and jq (JQ names another), as most FlexVolume drivers are written. It reads its settings,
# checks the pod against the mount dir, makes namespace/pod/uid below the base, sets owner and mode, notes whose volume it is, mounts nosuid,nodev
# and logs a line; at unmount it reads its note for the log and for the retention. It does less than dynhostpath: no walk by descriptors, no lock,
# no check of options or of the flags in force.
set -euo pipefail

jq=${JQ:-jq}

fail() {
    printf '{"status": "Failure", "message": "%s"}\n' "$1"
    exit 1
}

settings() {
    "$jq" -r '[.base, .mode // "0755", .owner // 0, .group // 0, .retention // "retain"] | @tsv' "${BASH_SOURCE[0]%/*}/.config.json"
}

case ${1:-} in
init)
    settings >/dev/null || fail 'bad settings'
    printf '{"status": "Success", "capabilities": {"attach": false, "selinuxRelabel": false, "fsGroup": false}}\n'
    ;;
mount)
    mount_dir=$2
    read -r base mode owner group _retention < <(settings)
    read -r namespace pod uid access < <("$jq" -r '[.["kubernetes.io/pod.namespace"], .["kubernetes.io/pod.name"], .["kubernetes.io/pod.uid"],
        .["kubernetes.io/readwrite"]] | @tsv' <<<"$3")
    [[ $mount_dir == */pods/$uid/volumes/* ]] || fail 'wrong pod'
    for value in "$namespace" "$pod" "$uid"; do
        [[ $value =~ ^[A-Za-z0-9_-][A-Za-z0-9._-]*$ ]] || fail 'bad name'
    done
    directory=$base/$namespace/$pod/$uid
    if ! mountpoint -q "$mount_dir"; then
        mkdir -p "$directory" "$base/.state"
        printf '%s' "$3" >"$base/.state/$uid~${mount_dir##*/}"
        chown "$owner:$group" "$directory"
        chmod "$mode" "$directory"
        mount --bind -o "nosuid,nodev,$access" "$directory" "$mount_dir" >/dev/null 2>&1 || fail 'mount failed'
    fi
    logger -t flexdriver "mounted $directory" 2>/dev/null || true
    printf '{"status": "Success"}\n'
    ;;
unmount)
    mount_dir=$2
    read -r base _mode _owner _group retention < <(settings)
    uid=${mount_dir%/volumes/*}
    uid=${uid##*/}
    note=$base/.state/$uid~${mount_dir##*/}
    if [[ -e $note ]]; then
        read -r namespace pod < <("$jq" -r '[.["kubernetes.io/pod.namespace"], .["kubernetes.io/pod.name"]] | @tsv' "$note")
    fi
    if mountpoint -q "$mount_dir"; then
        umount "$mount_dir" >/dev/null 2>&1 || fail 'umount failed'
    fi
    if [[ $retention == delete && -n ${pod:-} ]]; then
        rm -rf "${base:?}/$namespace/$pod/$uid" "$note"
    fi
    logger -t flexdriver "unmounted ${namespace:-}/${pod:-} $mount_dir" 2>/dev/null || true
    printf '{"status": "Success"}\n'
    ;;
*)
    printf '{"status": "Not supported"}\n'
    ;;
esac
