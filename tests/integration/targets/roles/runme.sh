#!/usr/bin/env bash
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Counts what reaches the node: an unchanged run costs one remote execution a role, and one in all by the playbook deploy.
set -euo pipefail

work=$(mktemp -d)
export EXECUTIONS=$work/executions ANSIBLE_PIPELINING=true
ANSIBLE_SSH_EXECUTABLE=$(realpath ../../../counting/ssh)
export ANSIBLE_SSH_EXECUTABLE

play() { ansible-playbook -i "$INVENTORY_PATH" -e compiled="$work/compiled" -e script="$PWD/script.sh" "$@" | tee "$work/output"; }
remove() { play nodeops.flexvolume.remove -e @"$1"; }
cleanup() {
    ansible -i "$INVENTORY_PATH" all -m ansible.builtin.file -a 'path=/opt/target-roles state=absent'
    rm -rf "$work"
}
trap cleanup EXIT

# costs EXECUTIONS CHANGED PLAYBOOK...: fails unless the run costs that many remote executions, and changes that many tasks.
costs() {
    local executions=$1 changed=$2
    shift 2
    : >"$EXECUTIONS"
    play "$@"
    echo "$(wc -l <"$EXECUTIONS") remote executions: $*"
    [[ $(wc -l <"$EXECUTIONS") -eq $executions ]]
    grep -q "changed=$changed .*failed=0" "$work/output"
}

for role in host_paths driver touch_timer; do
    costs 1 1 roles.yml -e @drivers.yml --tags "$role"
done
for role in host_paths driver touch_timer validate; do
    costs 1 0 roles.yml -e @drivers.yml --tags "$role"
done
costs 4 0 roles.yml -e @drivers.yml
costs 4 0 roles.yml -e @drivers.yml --check --diff
costs 1 0 nodeops.flexvolume.deploy -e @drivers.yml
remove drivers.yml
costs 1 1 nodeops.flexvolume.deploy -e @drivers.yml --check
costs 1 1 nodeops.flexvolume.deploy -e @drivers.yml
costs 1 1 nodeops.flexvolume.remove -e @drivers.yml
costs 1 0 nodeops.flexvolume.remove -e @drivers.yml

# A large driver is sent where the node has another one, and only there.
gcc -static -Os -DVERSION='"one"' -o "$work/compiled" compiled.c
[[ $(stat -c %s "$work/compiled") -gt 20000000 ]]
play nodeops.flexvolume.deploy -e @third_party.yml
costs 1 0 roles.yml -e @compiled.yml --tags driver
gcc -static -Os -DVERSION='"two"' -o "$work/compiled" compiled.c
costs 1 1 roles.yml -e @compiled.yml --tags driver --check
: >"$EXECUTIONS"
play roles.yml -e @compiled.yml --tags driver
grep -q 'changed=1 .*failed=0' "$work/output"
[[ $(wc -l <"$EXECUTIONS") -gt 2 ]]
costs 1 0 roles.yml -e @compiled.yml --tags driver
remove third_party.yml
