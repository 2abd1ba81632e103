# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle as what makes nodes takes it: a part of cloud-init's user data, and a DaemonSet."""

from __future__ import annotations

import base64
import hashlib
import re

from ansible_collections.nodeops.flexvolume.plugins.module_utils._deploy.at_boot import NAME
from ansible_collections.nodeops.flexvolume.plugins.module_utils._outcome import NodeError
from ansible_collections.nodeops.flexvolume.plugins.module_utils._system import systemd

# What the API server takes as the data of one ConfigMap or Secret.
LARGEST_DATA = 1 << 20
FOR_EVER = 2147483647

CLOUD_INIT = """\
#cloud-config
# Written by the Ansible collection nodeops.flexvolume: a part of a node's user data, which may be larger than your cloud takes.
merge_how: list(append)+dict(no_replace,recurse_list)+str()
write_files:
  - path: /run/{name}
    permissions: "0600"
    encoding: b64
    content: {content}
runcmd:
  - [python3, -I, /run/{name}, apply{at_boot}]
"""

DAEMON_SET = """\
# Written by the Ansible collection nodeops.flexvolume.
apiVersion: v1
kind: {kind}
metadata:
  name: {name}-{digest}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
immutable: true
{data}:
  {file}: {content}
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  # One node at a time: a bundle that fails on the first never comes to the second.
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 1
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      automountServiceAccountToken: false
      # Nothing is sent or received; so the pod needs no address, and does not wait for the pods' network.
      hostNetwork: true
      hostPID: true
      nodeSelector:
        kubernetes.io/os: linux
      priorityClassName: system-node-critical
      terminationGracePeriodSeconds: 60
      tolerations:
        - operator: Exists
      containers:
        - name: node
          # Any image with sh, sha256sum, sleep and nsenter. Python is the node's own.
          image: {image}
          command: [sh, -ec]
          args:
            - |
              trap 'exit 0' TERM
              cd /run/flexvolume
              sum=$(echo '{sha256}  /bundle/{file}' | sha256sum -c) || {{ echo "$sum"; exit 1; }}
              exec 3< /bundle/{file}
              # What was opened here can be read in the node's mount namespace as well.
              while nsenter --target 1 --mount -- sh -c '
                  exec "$(command -v python3 || echo /usr/libexec/platform-python)" -I /proc/self/fd/3 "$@"' sh {command}; do
                : > agrees
                sleep {interval} & wait $!
              done
              exit 1
          env:
            - name: PATH
              value: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
          readinessProbe:
            exec:
              command: [sh, -c, "[ -e /run/flexvolume/agrees ]"]
            periodSeconds: 5
          resources:
            requests:
              cpu: 10m
              memory: 32Mi
          securityContext:
            privileged: true
            readOnlyRootFilesystem: true
            runAsUser: 0
          # The last line is the sentence that says why the node does not agree.
          terminationMessagePolicy: FallbackToLogsOnError
          volumeMounts:
            - name: bundle
              mountPath: /bundle
              readOnly: true
            - name: run
              mountPath: /run/flexvolume
      volumes:
        - name: bundle
          {volume}
        - name: run
          emptyDir:
            medium: Memory
"""


def cloud_init(bundle: bytes, at_boot: bool) -> str:
    """Return a part of a node's user data, which applies the bundle at the node's first boot."""
    return CLOUD_INIT.format(name=NAME, content=_encoded(bundle), at_boot=', --at-boot' if at_boot else '')


def daemon_set(bundle: bytes, secret: bool, at_boot: bool, image: str, name: str, namespace: str, interval=None, remove: bool = False) -> str:
    """Return the manifest of a DaemonSet whose pods apply the bundle each to its node, or, with C(remove), withdraw the drivers.

    NodeError says what of it Kubernetes would not take.
    """
    for what, text, pattern in (('image', image, r'[A-Za-z0-9][A-Za-z0-9._/:@-]*'), ('name', name, '[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?'),
                                ('namespace', namespace, '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?')):
        if not re.fullmatch(pattern, text):
            raise NodeError(f'The {what} {text!r} of the DaemonSet is not one that Kubernetes takes: correct it.')
    if len(bundle) > LARGEST_DATA:
        raise NodeError(f'The bundle has {len(bundle)} bytes, more than the {LARGEST_DATA} that Kubernetes takes in one object: '
                        'deploy its drivers another way, or make them smaller.')
    sha256 = hashlib.sha256(bundle).hexdigest()
    volume = ('secret:\n            secretName: {}' if secret else 'configMap:\n            name: {}').format(f'{name}-{sha256[:12]}')
    return DAEMON_SET.format(
        kind='Secret' if secret else 'ConfigMap', data='data' if secret else 'binaryData', name=name, namespace=namespace, digest=sha256[:12], file=NAME,
        content=_encoded(bundle), image=image, sha256=sha256, command='remove' if remove else f'apply{" --at-boot" if at_boot else ""}',
        interval=round(systemd.seconds(interval)) if interval else FOR_EVER, volume=volume)


def _encoded(bundle: bytes) -> str:
    return base64.b64encode(bundle).decode()
