#!/usr/bin/python
# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: node_info
short_description: Tell what is true of a node's kubelet and its FlexVolume drivers, and what is wrong
version_added: 0.1.0
author:
  - The nodeops.flexvolume maintainers (@nodeops)
description:
  - Finds the running kubelet (kubelet, K3s, RKE2, k0s, MicroK8s or hyperkube), its plugin dir and why it is that one, and from its inotify
    descriptors whether it watches the plugin dir and each driver's directory.
  - Describes every driver in the plugin dir, whoever put it there, and what its C(init) answers.
  - Names each trouble of the node with what to do about it, in RV(troubles). On a healthy node that list is empty.
  - Changes nothing. Calling C(init) runs each driver's executable as the kubelet does whenever it probes.
options:
  plugin_dir:
    description:
      - The plugin dir to look at. Left out, it is the one in which the kubelet looks.
    type: path
  init:
    description:
      - Whether to call C(init) of each driver, in the kubelet's environment. Each costs one process, and up to 10 seconds where a driver hangs.
      - The drivers run in the mount namespace of the module, also where the kubelet has one of its own.
    type: bool
    default: true
extends_documentation_fragment:
  - nodeops.flexvolume.attributes.info
  - nodeops.flexvolume.attributes
"""

EXAMPLES = r"""
- name: Look at the node
  nodeops.flexvolume.node_info:
  register: node

- name: Fail where something is wrong, with what to do about it
  ansible.builtin.assert:
    that: node.troubles | length == 0
    fail_msg: >-
      {{ node.troubles | map(attribute='what') | join(' ') }}
      {{ node.troubles | map(attribute='advice') | join(' ') }}

- name: Look at the node without running the drivers
  nodeops.flexvolume.node_info:
    init: false
"""

RETURN = r"""
kubelet:
  description: The node's kubelet, null where none runs.
  returned: success
  type: dict
  contains:
    pid:
      description: Its process.
      type: int
      sample: 734
    flavour:
      description: One of V(kubelet), V(k3s), V(rke2), V(k0s), V(kubelite) (MicroK8s) and V(hyperkube).
      type: str
      sample: kubelet
    version:
      description: What the running binary says of itself, null where it does not answer.
      type: str
      sample: v1.20.2
    unit:
      description: The systemd service that runs it, null where there is none.
      type: str
      sample: kubelet.service
    command_line:
      description: Its command line, the values of tokens and passwords hidden.
      type: list
      elements: str
      sample: [/usr/bin/kubelet, --config=/var/lib/kubelet/config.yaml]
    since:
      description: When it was started, in UTC.
      type: str
      sample: "2026-11-23T06:19:41Z"
    seconds:
      description: For how many seconds it has run.
      type: int
      sample: 86400
    root_dir:
      description: Its root directory, below which pods' volumes are mounted.
      type: str
      sample: /var/lib/kubelet
    config_file:
      description: Its config file, null where it has none.
      type: str
      sample: /var/lib/kubelet/config.yaml
    own_mount_namespace:
      description: Whether it runs in another mount namespace than the module, as in a container.
      type: bool
      sample: false
    watches_plugin_dir:
      description: Whether one of its inotify descriptors watches the plugin dir.
      type: bool
      sample: true
    reason:
      description: Why this process is taken for the node's kubelet, and which others were left out.
      type: str
      sample: Pid 734 is the only kubelet on this node.
disbelieved:
  description: A sentence on each process that calls itself a kubelet and is not taken for one, since another user than root could have started it.
  returned: success
  type: list
  elements: str
  sample: []
plugin_dir:
  description: The plugin dir.
  returned: success
  type: dict
  contains:
    path:
      description: The directory.
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
    source:
      description: Where it is set, one of V(argument), V(process), V(config file), V(drop-in) and V(default).
      type: str
      sample: process
    reason:
      description: The same as a sentence.
      type: str
      sample: The kubelet that runs as pid 734 has --volume-plugin-dir=/opt/plugins on its command line.
    kubelet_path:
      description: The directory in which the kubelet looks; differs from RV(plugin_dir.path) only with O(plugin_dir).
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec
    kubelet_source:
      description: Where RV(plugin_dir.kubelet_path) is set.
      type: str
      sample: process
    kubelet_reason:
      description: The same as a sentence.
      type: str
      sample: The kubelet that runs as pid 734 has --volume-plugin-dir=/opt/plugins on its command line.
    same:
      description: Whether RV(plugin_dir.path) and RV(plugin_dir.kubelet_path) are one directory.
      type: bool
      sample: true
    symlink:
      description: Whether RV(plugin_dir.kubelet_path) is a symbolic link, which the kubelet does not watch.
      type: bool
      sample: false
    seen_by_kubelet:
      description: Whether the kubelet finds this directory of the node where it looks; false for a container without that mount.
      type: bool
      sample: true
    exists:
      description: Whether it is there.
      type: bool
      sample: true
    read_only:
      description: Whether it lies on a file system that is mounted read-only.
      type: bool
      sample: false
    noexec:
      description: Whether it lies on a file system that is mounted noexec.
      type: bool
      sample: false
    unsafe:
      description: Whether others than root can write it.
      type: bool
      sample: false
    doubt:
      description:
        - Why it, or what names it, is not believed, because others than root can write or exchange it; empty where all is well. Nothing is deployed
          there, and no driver there is called.
      type: str
      sample: ""
drivers:
  description: The driver directories in the plugin dir, whoever put them there, in the order of their names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name by which pods ask for the driver.
      type: str
      sample: nodeops/dynhostpath
    directory:
      description: Its directory.
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeops~dynhostpath
    symlink:
      description: Whether the directory is a symbolic link, which the kubelet ignores.
      type: bool
      sample: false
    names:
      description: What the directory holds, at most 20 names.
      type: list
      elements: str
      sample: [.config.json, dynhostpath]
    path:
      description: The executable that the kubelet calls.
      type: str
      sample: /usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeops~dynhostpath/dynhostpath
    executable:
      description: What is at RV(drivers[].path), one of V(program), V(not executable), V(no file) (a directory, say) and V(missing).
      type: str
      sample: program
    mode:
      description: Its mode in octal digits, null where it is missing.
      type: str
      sample: "0755"
    owner:
      description: Its owner, null where it is missing.
      type: str
      sample: root
    size:
      description: Its size in bytes, null where it is missing.
      type: int
      sample: 20480
    sha256:
      description: Its checksum, null where it is missing or no regular file.
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    mtime:
      description: When it was last written or touched, in UTC, null where it is missing.
      type: str
      sample: "2026-11-23T06:19:41Z"
    interpreter:
      description: The interpreter that it names and that the kubelet would not find, null where all is well.
      type: str
      sample: null
    unsafe:
      description: The paths that others than root can write.
      type: list
      elements: str
      sample: []
    watched:
      description: Whether the kubelet watches its directory.
      type: bool
      sample: true
    registered:
      description: >-
        Whether the kubelet has loaded the driver since it was started, as its own log says, where that is in the node's journal; null where it has not
        said. It logs what it loads at verbosity 1 and above.
      type: bool
      sample: true
    init:
      description: What its C(init) answers, null where it was not called.
      type: dict
      contains:
        status:
          description: How the kubelet takes the answer, V(Success), V(Not supported) or V(Failure).
          type: str
          sample: Success
        message:
          description: What the driver, or the kubelet of its answer, says.
          type: str
          sample: ""
        capabilities:
          description: The five capabilities, the kubelet's defaults for those that the driver does not state.
          type: dict
          sample: {attach: false, fsGroup: false, requiresFSResize: false, selinuxRelabel: false, supportsMetrics: false}
        seconds:
          description: How long it took.
          type: float
          sample: 0.021
        timed_out:
          description: Whether it was killed because it had not finished after 10 seconds.
          type: bool
          sample: false
        defect:
          description: What is wrong with the answer, null where the kubelet takes the driver.
          type: str
          sample: null
    previous:
      description: Whether the version before the last replacement is kept.
      type: bool
      sample: true
    previous_sha256:
      description: The checksum of that version, null where none is kept.
      type: str
      sample: null
    config:
      description: Whether it has a config file.
      type: bool
      sample: true
    touch_timer:
      description: Its touch timer, null where it has none.
      type: dict
      contains:
        unit:
          description: The timer.
          type: str
          sample: flexvolume-touch-nodeops-dynhostpath.timer
        service:
          description: The service that it starts.
          type: str
          sample: flexvolume-touch-nodeops-dynhostpath.service
        active:
          description: Whether it is enabled and active.
          type: bool
          sample: true
        failing:
          description: Whether the service failed when it ran last.
          type: bool
          sample: false
        last:
          description: When it last elapsed, in UTC, null where it never did.
          type: str
          sample: "2026-11-23T06:19:41Z"
        next:
          description: When it elapses next, in UTC, null where it does not.
          type: str
          sample: "2026-11-23T06:20:01Z"
    prune_timer:
      description: Its prune timer, null where it has none, with the same keys.
      type: dict
      sample: null
    host_paths:
      description: Its host paths, as they were when it was deployed; empty for a driver that has no touch timer of this collection.
      type: list
      elements: dict
      contains:
        path:
          description: The directory.
          type: str
          sample: /var/lib/dynhostpath
        mount:
          description: The mount point on which it lay.
          type: str
          sample: /
        mounted:
          description: Whether that is mounted.
          type: bool
          sample: true
        exists:
          description: Whether the directory is there.
          type: bool
          sample: true
    pods:
      description: The pods that have volumes of it, each as C(namespace/name (uid)), or by its uid alone.
      type: list
      elements: str
      sample: ["default/web-0 (5f0e9c3a-7f5b-4a36-9d8e-2f1f3c6f0a11)"]
    volumes:
      description: How many volumes of it pods have (C(count)), and since when the oldest (C(oldest), in UTC).
      type: dict
      sample: {count: 3, oldest: "2026-11-23T06:19:41Z"}
misplaced:
  description: The driver directories in the default plugin dir, where the kubelet was told to look elsewhere.
  returned: success
  type: list
  elements: str
  sample: []
abandoned:
  description: The drivers that are not in the plugin dir although pods have volumes of them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name by which pods ask for the driver.
      type: str
      sample: acme/nfs
    pods:
      description: The pods, as in RV(drivers[].pods).
      type: list
      elements: str
      sample: ["default/web-0 (5f0e9c3a-7f5b-4a36-9d8e-2f1f3c6f0a11)"]
vanished:
  description: The drivers that were deployed to the plugin dir, with a touch timer, and are not there any more.
  returned: success
  type: list
  elements: str
  sample: []
strays:
  description: Programs that lie in the plugin dir itself, where the kubelet does not look.
  returned: success
  type: list
  elements: str
  sample: []
misprobed:
  description:
    - What is no driver directory, there or gone, and makes every probe of this kubelet fail, by its name, each with how that is cleared. A kubelet before 1.24
      loads no driver then. It is one that has changed since the kubelet started, or at which the kubelet's last probe failed, as its log says.
  returned: success
  type: dict
  sample: {}
inotify:
  description: What root has of inotify, and may have; null where a limit cannot be read.
  returned: success
  type: dict
  contains:
    instances:
      description: Instances in use.
      type: int
      sample: 41
    max_user_instances:
      description: Instances that a user may have.
      type: int
      sample: 128
    watches:
      description: Watches in use.
      type: int
      sample: 312
    max_user_watches:
      description: Watches that a user may have.
      type: int
      sample: 65536
complaints:
  description: What the kubelet has complained of lately in its log, where that goes to the journal, and what still stands; counted over the last hour.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: >-
        One of V(unknown) (it knows no driver for a pod's volume), V(mount), V(unmount) (the driver fails) and V(orphaned) (the volume of a pod that is gone).
      type: str
      sample: mount
    driver:
      description: The driver, null where the kubelet does not say.
      type: str
      sample: acme/nfs
    pod:
      description: The pod, by its uid where the kubelet gives no name.
      type: str
      sample: default/web-0
    uid:
      description: The pod's uid.
      type: str
      sample: 5f0e9c3a-7f5b-4a36-9d8e-2f1f3c6f0a11
    volume:
      description: The volume's name in the pod, empty where the kubelet does not say.
      type: str
      sample: data
    reason:
      description: The kubelet's reason, which ends in the driver's own words.
      type: str
      sample: "mount command failed, status: Failure, reason: no route to host"
    count:
      description: How often it said so.
      type: int
      sample: 24
    last:
      description: When it last said so, in UTC.
      type: str
      sample: "2026-11-23T06:19:41Z"
    paths:
      description: The volume's directories, each with its C(path), whether it is C(mounted), and whether it is C(empty).
      type: list
      elements: dict
      sample: []
troubles:
  description: What is wrong, worst first as far as that can be said; empty on a healthy node.
  returned: success
  type: list
  elements: dict
  contains:
    trouble:
      description: >-
        Which kind of trouble it is, one of V(looks_elsewhere), V(not_seen), V(read_only), V(noexec), V(gone), V(not_watched), V(misplaced),
        V(vanished), V(driver_not_watched), V(symlink), V(no_executable), V(not_executable), V(init_fails), V(interpreter_missing), V(init_slow),
        V(hides_others), V(not_registered), V(pods_refused), V(mount_fails), V(unmount_fails), V(orphaned), V(abandoned), V(not_believed),
        V(impostor), V(unsafe), V(timer_asleep), V(timer_fails), V(prune_fails), V(host_path_not_mounted), V(host_path_missing), V(stray) and
        V(inotify).
      type: str
      sample: no_executable
    driver:
      description: The driver that it is about, null where it is about the node.
      type: str
      sample: acme/nfs
    what:
      description: What is wrong.
      type: str
      sample: /opt/plugins/acme~nfs has no driver in it, so the kubelet fails to probe it.
    where:
      description: The file, directory or setting.
      type: str
      sample: /opt/plugins/acme~nfs
    advice:
      description: What to do about it.
      type: str
      sample: Remove the directory (rm -r /opt/plugins/acme~nfs), or deploy the driver acme/nfs.
"""

from ansible_collections.nodeops.flexvolume.plugins.module_utils import _wiring
from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy import drivers
from ansible_collections.nodeops.flexvolume.plugins.module_utils._diagnosis import facts, troubles
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import Outcome


def inspect(parameters: dict, check: bool) -> Outcome:
    found = facts.gather(parameters['plugin_dir'], parameters['init'])
    return Outcome(troubles=troubles.find(found), **found)


def main():
    module = _wiring.Module(
        argument_spec=dict(
            plugin_dir=drivers.PLUGIN_DIR,
            init=dict(type='bool', default=True),
        ),
        supports_check_mode=True,
    )
    _wiring.run(module, inspect)


if __name__ == '__main__':
    main()
