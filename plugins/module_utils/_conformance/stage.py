# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage that plays the kubelet below a temporary root, and the volumes of made-up pods on it.

What the kubelet does around each callout is in kubernetes: pkg/volume/flexvolume/{mounter,unmounter,attacher,detacher}.go.
"""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import uuid

from .._kubelet import callout
from .._system import mounts
from .report import Report, Stop

POD = 'kubernetes.io/pod.'
PATIENCE = 30


class Stage:
    """Everything that callouts have in common. C(token) is in every made-up name and nowhere else on the node."""

    def __init__(self, executable: str, name, environment: dict, options: dict, timeout: float, report: Report):
        self.report = report
        self.executable = executable
        self.name = name
        self.environment = environment
        self.options = dict(options)
        self.timeout = timeout
        self.token = uuid.uuid4().hex[-12:]
        self.root = os.path.realpath(tempfile.mkdtemp(prefix=f'flexvolume-conformance-{self.token}-'))
        self.node = os.uname().nodename.lower()
        self.capabilities = dict(callout.CAPABILITIES)
        self.origins = set()
        self.hung = ''
        self.seconds = 0.0
        self.numbers = itertools.count(1)

    def mounts_at(self, path: str) -> list:
        """Return the mounts at a path that bears the token."""
        return mounts.at(path, mounts.read(naming=self.token))

    def remove_tree(self, path: str):
        """Remove a directory at or below the temporary root with all that it holds, unless something is mounted there."""
        if not mounts.below(path, mounts.read(naming=self.token)):
            shutil.rmtree(path, ignore_errors=True)

    def call(self, *arguments) -> callout.Verdict:
        """Make one callout; after one that hung there are no more, so that a run waits for the time-out only once."""
        if self.hung:
            raise Stop(f'{self.hung} hung')
        self.report.callout = callout.by_hand(self.executable, list(arguments), self.environment)
        verdict = callout.judge(callout.call(self.executable, list(arguments), self.environment, self.timeout))
        self.seconds += verdict.answer.seconds
        if verdict.answer.timed_out:
            self.hung = arguments[0] if arguments else 'the driver'
        return verdict

    @contextlib.contextmanager
    def volume(self, **details):
        """Yield a Volume, and afterwards take it down whatever became of it."""
        volume = Volume(self, **details)
        try:
            yield volume
        finally:
            volume.discard()


class Volume:
    """One volume of one made-up pod, set up and taken down as the kubelet does it."""

    def __init__(self, stage: Stage, read_only: bool = False, fs_group: int = None, options: dict = None):
        self.stage = stage
        number = next(stage.numbers)
        self.name = f'conformance-{stage.token}-{number}'
        self.uid = str(uuid.uuid4())[:24] + stage.token
        self.path = f'{stage.root}/pods/{self.uid}/volumes/{stage.name.directory}/{self.name}'
        self.device_path = f'{stage.root}/plugins/kubernetes.io/flexvolume/{stage.name}/mounts/{self.name}'
        self.device = ''
        self._attached = False
        self._kubelets = {
            'kubernetes.io/fsType': '', 'kubernetes.io/readwrite': 'ro' if read_only else 'rw', 'kubernetes.io/pvOrVolumeName': self.name}
        self._pods = {
            POD + 'name': f'pod-{stage.token}-{number}', POD + 'namespace': f'namespace-{stage.token}', POD + 'uid': self.uid,
            'kubernetes.io/serviceAccount.name': 'default'}
        if fs_group is not None:
            self._pods['kubernetes.io/mounterArgs.FsGroup'] = str(fs_group)
        self._options = dict(stage.options, **(options or {}))

    def set_up(self) -> callout.Verdict:
        """Do all that brings the volume to the pod; return the verdict of the callout that failed, or that of mount."""
        if self.stage.capabilities['attach']:
            for step in (self.attach, self.wait_for_attach, self.mount_device):
                verdict = step()
                if verdict.status != callout.SUCCESS:
                    return verdict
        return self.mount()

    def attach(self) -> callout.Verdict:
        """Call attach."""
        self._attached = True
        verdict = _unless_supported(self.stage.call('attach', self._spec(), self.stage.node))
        self.device = verdict.response.get('device', '')
        return verdict

    def wait_for_attach(self) -> callout.Verdict:
        """Call waitforattach; its device is the one that counts."""
        verdict = self.stage.call('waitforattach', self.device, self._spec())
        if verdict.status == callout.SUCCESS:
            self.device = verdict.response.get('device', '')
        return _unless_supported(verdict)

    def mount_device(self) -> callout.Verdict:
        """Call mountdevice; where it is not supported the kubelet mounts the device itself, if there is one."""
        os.makedirs(self.device_path, 0o750, exist_ok=True)
        verdict = self.stage.call('mountdevice', self.device_path, self.device, self._spec())
        if verdict.status == callout.NOT_SUPPORTED and self.device:
            return _by_the_kubelet(verdict, 'mount', '-o', self._kubelets['kubernetes.io/readwrite'], self.device, self.device_path)
        return _unless_supported(verdict)

    def mount(self) -> callout.Verdict:
        """Call mount; where it is not supported the kubelet binds the device's mount."""
        os.makedirs(self.path, 0o750, exist_ok=True)
        verdict = self.stage.call('mount', self.path, self._spec(self._pods))
        if verdict.status == callout.NOT_SUPPORTED:
            verdict = _by_the_kubelet(verdict, 'mount', '--bind', self.device_path, self.path)
        self.learn_origin()
        return verdict

    def mount_again(self) -> callout.Verdict:
        """Call mount once more."""
        return self.stage.call('mount', self.path, self._spec(self._pods))

    def unmount(self) -> callout.Verdict:
        """Call unmount; where it is not supported the kubelet unmounts."""
        verdict = self.stage.call('unmount', self.path)
        return _by_the_kubelet(verdict, 'umount', self.path) if verdict.status == callout.NOT_SUPPORTED else verdict

    def unmount_device(self) -> callout.Verdict:
        """Call unmountdevice; where it is not supported the kubelet unmounts."""
        verdict = self.stage.call('unmountdevice', self.device_path)
        if verdict.status == callout.NOT_SUPPORTED and self.device_is_mounted():
            return _by_the_kubelet(verdict, 'umount', self.device_path)
        return _unless_supported(verdict)

    def detach(self) -> callout.Verdict:
        """Call detach with the name of the PV or volume, whatever getvolumename answered (plugin.go: GetVolumeName)."""
        self._attached = False
        return _unless_supported(self.stage.call('detach', self.name, self.stage.node))

    def take_down_device(self) -> callout.Verdict:
        """Do what follows unmount for an attachable driver; return the verdict of the callout that failed, or the last."""
        verdict = callout.Verdict(callout.SUCCESS, '', {}, {}, None, '', None)
        if self.device_is_mounted():
            verdict = self.unmount_device()
        if self._attached and verdict.status == callout.SUCCESS:
            verdict = self.detach()
        return verdict

    def is_attached(self) -> callout.Verdict:
        """Call isattached."""
        return self.stage.call('isattached', self._spec(), self.stage.node)

    def get_volume_name(self) -> callout.Verdict:
        """Call getvolumename."""
        return self.stage.call('getvolumename', self._spec())

    def mounts(self) -> list:
        """Return what is mounted on the pod's directory, the topmost last."""
        return self.stage.mounts_at(self.path)

    def is_mounted(self) -> bool:
        """Say whether the pod's directory is a mount point."""
        return bool(self.mounts())

    def device_is_mounted(self) -> bool:
        """Say whether the device's directory is a mount point."""
        return self.stage.capabilities['attach'] and bool(self.stage.mounts_at(self.device_path))

    def discard(self):
        """Take down what is still up, as the kubelet would; what is left even then is found at the end of the run."""
        with contextlib.suppress(Stop):
            if self.is_mounted():
                self.unmount()
            self.take_down_device()

    def origin(self):
        """Return the directory of the host that is mounted, or None."""
        return origin_of(self.path, mounts.read())

    def learn_origin(self):
        """Remember the directory of the host that is mounted, if its path bears a made-up name, so that it can be removed."""
        origin = self.origin()
        if origin and self.stage.token in origin and not origin.startswith(self.stage.root + '/'):
            self.stage.origins.add(origin)

    def _spec(self, pods: dict = None) -> str:
        """Return the JSON as driver-call.go makes it: the pod's own options lie over the kubelet's."""
        options = dict(self._kubelets, **(pods or {}))
        options.update(self._options)
        return go_json(options)


def unmount_by_force(path: str):
    """Unmount what lies on top at C(path); what is busy goes once nobody uses it."""
    for options in ((), ('-l',)):
        if not _why_not('umount', *options, path):
            return


def go_json(options: dict) -> str:
    """Write JSON as Go's json.Marshal does: sorted keys, no white space, and these characters escaped."""
    text = json.dumps({key: str(value) for key, value in options.items()}, ensure_ascii=False, sort_keys=True, separators=(',', ':'))
    for character in '<>&\u2028\u2029':
        text = text.replace(character, f'\\u{ord(character):04x}')
    return text


def describe(verdict: callout.Verdict) -> str:
    """Say in one sentence which callout did not succeed and why."""
    name = verdict.answer.argv[1] if len(verdict.answer.argv) > 1 else 'no callout'
    return f'{name}: {verdict.defect or verdict.status + ": " + (verdict.message or "no message")}'


def problem_of(verdict: callout.Verdict, optional: bool = False) -> str:
    """Describe a callout that did not succeed; empty if it did, or answered Not supported where it is C(optional)."""
    done = (callout.SUCCESS, callout.NOT_SUPPORTED) if optional else (callout.SUCCESS,)
    return '' if verdict.status in done else describe(verdict)


def origin_of(path: str, table: list):
    """Return the directory of the host that is bound on C(path), or None if there is no such directory."""
    for mount in mounts.at(path, table)[-1:]:
        for other in table:
            prefix = other.root.rstrip('/')
            if other.path != path and (other.fs_type, other.source) == (mount.fs_type, mount.source) and (mount.root + '/').startswith(prefix + '/'):
                candidate = other.path.rstrip('/') + mount.root[len(prefix):]
                if _same(candidate, path):
                    return candidate
    return None


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False


def _unless_supported(verdict: callout.Verdict) -> callout.Verdict:
    """The kubelet takes Not supported for done where its own default is to do nothing."""
    return verdict._replace(status=callout.SUCCESS) if verdict.status == callout.NOT_SUPPORTED else verdict


def _by_the_kubelet(verdict: callout.Verdict, *command) -> callout.Verdict:
    why = _why_not(*command)
    if not why:
        return verdict._replace(status=callout.SUCCESS)
    return verdict._replace(status=callout.FAILURE, message=f'not supported, and the kubelet could not do it itself: {why}')


def _why_not(*command) -> str:
    """Run a command of mount(8)'s family; return why it failed, or nothing."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f'{command[0]} had not finished after {PATIENCE} s'
    return '' if done.returncode == 0 else done.stdout.decode('utf-8', 'replace').strip() or f'{command[0]} failed'
