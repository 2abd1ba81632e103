# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  drivers:
    description:
      - The FlexVolume drivers of the node. Every module of this collection takes the same list and uses of it what is its own concern, so
        that one variable describes a node.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name by which pods ask for the driver, V(vendor/driver). Its directory in the plugin dir is C(vendor~driver).
        type: str
        required: true
      state:
        description:
          - V(present) puts the driver in its place, V(absent) withdraws it, V(previous) goes back to the version before the last replacement.
        type: str
        choices: [present, absent, previous]
        default: present
      src:
        description:
          - The driver's executable on the controller, looked up as any role's or playbook's file, then beside the inventory and in its C(files/),
            then in this collection's own C(files/).
          - Left out for a driver that somebody else puts into the plugin dir.
        type: str
      remote_src:
        description:
          - Whether O(drivers[].src) is an absolute path on the node rather than a file of the controller.
        type: bool
        default: false
      packages:
        description:
          - Packages that the driver needs on the node. M(nodeops.flexvolume.node) and M(nodeops.flexvolume.driver) have
            M(ansible.builtin.package) install them before, which takes an execution or two more; the other modules do not.
        type: list
        elements: str
        default: []
      requires:
        description:
          - Commands that must be on the kubelet's own C(PATH), otherwise the driver is not published.
        type: list
        elements: str
        default: []
      config:
        description:
          - The driver's own settings, written as JSON to C(.config.json) beside the executable, readable by root alone.
          - No result and no log shows their values; a diff shows the keys, and which of them change. Where a driver itself says a value, in a message of
            its own, that is hidden only if its key tells of a secret, as C(password) does.
        type: dict
      host_paths:
        description:
          - Directories that the driver needs on the node.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description:
              - The directory, absolute and free of symbolic links. Parents are created as root's with mode V(0755).
            type: path
            required: true
          owner:
            description:
              - Owner, a name or a number. Left out, a new directory is root's and an existing one keeps its own.
            type: str
          group:
            description:
              - Group, a name or a number. Left out, a new directory is root's and an existing one keeps its own.
            type: str
          mode:
            description:
              - Mode in octal digits, a text in quotes, as in V("0755"). Left out, a new directory gets V(0755) and an existing one keeps its own.
            type: raw
          selinux_type:
            description:
              - The SELinux type of the directory. Refused on a node where SELinux is off.
            type: str
          own_mount:
            description:
              - Whether the directory must lie on a mounted file system of its own, not on the node's root file system.
            type: bool
            default: false
          exec:
            description:
              - Whether the directory's file system must allow execution, that is, not be mounted C(noexec).
            type: bool
            default: false
          min_free:
            description:
              - Least free space of its file system, in bytes or with a suffix V(K), V(M), V(G) or V(T) (powers of 1024).
            type: str
          min_free_inodes:
            description:
              - Least number of free inodes of its file system.
            type: int
      touch_interval:
        description:
          - How often the driver is touched, a systemd time span. The kubelet calls the driver's C(init) again at its first volume operation
            after each touch.
        type: str
        default: 15s
      prune_interval:
        description:
          - How often the driver's own command C(prune) is run by a systemd timer, a systemd time span. V(nodeops/dynhostpath) has that command; it
            removes what outlived its retention. The service may remove files
            and unmount, but has no network and an hour at most. Left out, there is no such timer.
        type: str
      options:
        description:
          - The options of a pod's volume that a test callout needs to pass to the driver, for example a server and a share.
        type: dict
        default: {}
      secrets:
        description:
          - The data of the Secret that such a volume names, not encoded, for example a user and a password. The driver gets them as the kubelet
            passes them, C(kubernetes.io/secret/KEY) in base64. They appear in no result and no log.
        type: dict
        default: {}
      waive:
        description:
          - Checks that the driver may fail, each by its number with the reason, for its test callout and M(nodeops.flexvolume.conformance). The
            reason is shown wherever the check is.
        type: dict
        default: {}
        version_added: 1.0.0
  plugin_dir:
    description:
      - The kubelet's FlexVolume plugin dir. Left out, it is what the running kubelet uses, else what its configuration says, else the default.
    type: path
"""

    PAYLOADS = r"""
options:
  payloads:
    description:
      - The executables that O(drivers[].src) names, and a bundle that the node is to keep, filled in by the action plugin of the same name. Not for
        playbooks.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The driver's name, or V(flexvolume-node.pyz) for the bundle.
        type: str
        required: true
      sha256:
        description:
          - Checksum of a large executable, which is sent only where the node has another one.
        type: str
      content:
        description:
          - A small executable, compressed by zlib, in base64.
        type: str
      path:
        description:
          - Where a large executable was put on the node.
        type: path
"""

    STATE = r"""
options:
  state:
    description:
      - V(present) does for each driver what its own C(state) says, V(absent) withdraws them all.
    type: str
    choices: [present, absent]
    default: present
"""

    KUBELET_UNIT = r"""
options:
  kubelet_unit:
    description:
      - The systemd unit that runs the kubelet. Left out, it is the running kubelet's, else the one of the known units that the node has
        (C(kubelet.service), those of K3s, RKE2, k0s and MicroK8s), else C(kubelet.service).
    type: str
"""

    FORCE = r"""
options:
  force:
    description:
      - Withdraw a driver although pods have volumes of it. The kubelet can then not unmount them.
    type: bool
    default: false
"""

    DELETE_DATA = r"""
options:
  delete_data:
    description:
      - Whether the host paths of drivers that are withdrawn are deleted with all that they hold, unless another driver wants them too.
    type: bool
    default: false
"""

    HEAL_NEIGHBOURS = r"""
options:
  heal_neighbours:
    description:
      - Whether to help a kubelet that a driver directory without an executable keeps from loading other drivers, as kubelets before 1.24 do.
        A directory by the executable's name is made in it and removed at once; nothing that is there is touched. So is one by the name of a driver directory
        that was moved away, which such a kubelet goes on probing.
      - Left out, this is done where the running kubelet's version is older than 1.24 or not known.
    type: bool
    version_added: 1.0.0
"""

    NODE = r"""
options:
  touch_timer:
    description:
      - Whether the drivers have a touch timer; otherwise those that they have are removed. Switch it off where there is no systemd, as in a container. Where
        it is installed and does not run, as in an image that is being built, the timer is enabled for the first boot.
    type: bool
    default: true
  validate:
    description:
      - Whether each driver must pass a test callout.
    type: bool
    default: true
  strict_neighbours:
    description:
      - Whether to refuse, before anything is changed, a node whose kubelet is older than 1.24 and where the plugin dir holds a driver that is not in the
        list and whose C(init) fails. Such a node is otherwise warned of.
    type: bool
    default: false
    version_added: 1.0.0
  apply_interval:
    description:
      - How often the node applies the bundle besides, to repair what drifted, a systemd time span. What was repaired stands in the journal of
        C(flexvolume-apply.service). Left out, it does so at boot alone.
    type: str
    version_added: 1.0.0
  require_kubelet:
    description:
      - Whether a node is refused that has no kubelet, neither running nor installed. Otherwise the task warns of it.
    type: bool
    default: false
    version_added: 1.0.0
  purge:
    description:
      - Whether drivers and timers that this collection deployed and that the list no longer names are withdrawn. What somebody else put into the plugin
        dir is left alone. Otherwise the task warns of the drivers that it leaves.
    type: bool
    default: false
    version_added: 1.0.0
"""
