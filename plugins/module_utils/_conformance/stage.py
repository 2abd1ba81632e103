# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage that plays the kubelet below a temporary root, and the volumes of made-up pods on it.

What the kubelet does around each callout is in kubernetes: pkg/volume/flexvolume/{mounter,unmounter,attacher,detacher}.go.
"""

import collections
import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import uuid

from .._kubelet import callout, go_json
from .._system import loops, mounts, roots
from .enclosed import NAME
from .report import MUST, SHOULD, Report, Stop

POD = 'kubernetes.io/pod.'
FS_TYPE = 'kubernetes.io/fsType'
PATIENCE = 30
UNSEEN = 'the kubelet, which takes for a mount what is of another file system than the directory above it, sees none at'
# Directories of the node in which nobody keeps the data of volumes.
COMMON = frozenset((
    '', '/etc', '/home', '/media', '/mnt', '/opt', '/root', '/run', '/srv', '/tmp', '/usr', '/var', '/var/lib', '/var/log', '/var/run', '/var/tmp'))

# timeout: seconds after which a callout counts as hung.
Driver = collections.namedtuple('Driver', ('executable', 'name', 'environment', 'options', 'timeout'))


class Stage:
    """Everything that callouts have in common. C(token) is in every made-up name and nowhere else on the node.

    C(root) is the kubelet's directory in an Enclosure, else a temporary one; C(record) is told what has to go should this process be killed.
    """

    def __init__(self, driver: Driver, report: Report, token: str, enclosure=None, root: str = '', record=None):
        self.executable, self.name, self.environment, options, self.timeout = driver
        self.options = dict(options)
        self.report = report
        self.token = token
        self.enclosure = enclosure
        self._record = record
        self.note(tempfile.gettempdir())
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix=f'{NAME}{token}-'))
        self.root = os.path.realpath(root) if enclosure else self.scratch
        self.node = os.uname().nodename.lower()
        self.capabilities = dict(callout.CAPABILITIES)
        self.bases = set()
        self.uids = []
        self.content = []
        self.first_mount = ''
        self.mounted = 0
        self.linked = None
        self._stopped = ''
        self.slowest = 0.0
        self.numbers = itertools.count(1)

    def note(self, path: str):
        """Have what bears the token in a directory of the node removed, if this run is killed."""
        if self._record and not self.enclosure:
            self._record.note(path)

    def mounts_at(self, path: str) -> list:
        """Return the mounts at a path that bears the token."""
        return mounts.at(path, mounts.read(naming=self.token))

    def remove_tree(self, path: str):
        """Remove a directory of a pod or of the suite with all that it holds, unless something is mounted there."""
        if not mounts.below(path, mounts.read(naming=self.token)):
            shutil.rmtree(path, ignore_errors=True)

    def call(self, *arguments, prepare=None) -> callout.Verdict:
        """Make one callout; after one that hung, so that a run waits for the time-out only once, or that unmounted /proc there are no more.

        C(prepare) is called in the driver's process before the driver is.
        """
        self.go_on()
        self.report.callout = callout.by_hand(self.executable, list(arguments), self.environment)
        if arguments[:1] == ('mount',):
            self.first_mount = self.first_mount or self.report.callout
        verdict = callout.judge(callout.call(self.executable, list(arguments), self.environment, self.timeout, prepare))
        name = arguments[0] if arguments else 'the driver'
        if verdict.answer.timed_out:
            self._stopped = f'{name} hung'
        if not os.path.exists('/proc/self'):
            self._stopped = f'{name} unmounted /proc'
            self._mount_proc()
        self.slowest = max(self.slowest, verdict.answer.seconds)
        return verdict

    def go_on(self):
        """Raise Stop where there are no more callouts."""
        if self._stopped:
            raise Stop(self._stopped)

    def _mount_proc(self):
        """Bring back what a driver took from the node, and without which this process sees no mounts either."""
        self.report.failed(805, self._stopped, MUST, 'Unmount the directory that the kubelet names, and nothing else.')
        _why_not('mount', '-t', 'proc', 'proc', '/proc')
        if self.enclosure:
            self.enclosure.table += mounts.at('/proc', mounts.read())

    def keep(self, path: str):
        """Learn of a path that holds the data of a volume: the directory that holds those of all volumes is the driver's own affair."""
        base = path[:path.index(self.token)].rpartition('/')[0] if self.token in path else path
        if base not in COMMON and not path.startswith((self.root + '/pods/', self.scratch + '/')) and base not in self.bases:
            self.bases.add(base)
            for directory in [base] + roots.hidden_directories(base):
                self.note(directory)

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

    def __init__(self, stage: Stage, read_only: bool = False, fs_group: int = None, options: dict = None, fellow: 'Volume' = None,
                 nowhere: bool = False, name: str = ''):
        """C(fellow) is another volume of the same pod; of a volume that is C(nowhere) the kubelet has not made the directory; other pods may use C(name)."""
        self.stage = stage
        number = next(stage.numbers)
        # Of one pod's volumes the name of one may well be the beginning of another's.
        self.name: str = name or f'{fellow.name if fellow else "conformance-" + stage.token}-{number}'
        self.uid: str = fellow.uid if fellow else str(uuid.uuid4())[:24] + stage.token
        stage.uids.append(self.uid)
        self.path = f'{stage.root}/pods/{self.uid}/volumes/{stage.name.directory}/{self.name}'
        self.device_path = f'{stage.root}/plugins/kubernetes.io/flexvolume/{stage.name}/mounts/{self.name}'
        self.device = ''
        self._attached = False
        self._nowhere = nowhere
        self._kubelets = {
            FS_TYPE: '', 'kubernetes.io/readwrite': 'ro' if read_only else 'rw', 'kubernetes.io/pvOrVolumeName': self.name}
        self._pods: dict = fellow._pods if fellow else {
            POD + 'name': f'pod-{stage.token}-{number}', POD + 'namespace': f'namespace-{stage.token}', POD + 'uid': self.uid,
            'kubernetes.io/serviceAccount.name': 'default'}
        if fs_group is not None:
            self._pods['kubernetes.io/mounterArgs.FsGroup'] = str(fs_group)
        self._options = dict(stage.options, **(options or {}))

    def set_up(self, prepare=None) -> callout.Verdict:
        """Do all that brings the volume to the pod; return the verdict of the callout that failed, or that of mount, before which C(prepare) is called."""
        if self.stage.capabilities['attach']:
            for step in (self.attach, self.wait_for_attach, self.mount_device):
                verdict = step()
                if verdict.status != callout.SUCCESS:
                    return verdict
        return self.mount(prepare)

    def attach(self) -> callout.Verdict:
        """Call attach."""
        self._attached = True
        verdict = _unless_supported(self.stage.call('attach', self.spec(), self.stage.node))
        self.device = verdict.response.get('device', '')
        for loop in loops.used() if self.device.startswith('/dev/loop') else ():
            if self.device == f'/dev/{loop.name}':
                self.stage.keep(loop.file)
        return verdict

    def wait_for_attach(self) -> callout.Verdict:
        """Call waitforattach; its device is the one that counts."""
        verdict = self.stage.call('waitforattach', self.device, self.spec())
        if verdict.status == callout.SUCCESS:
            self.device = verdict.response.get('device', '')
        return _unless_supported(verdict)

    def mount_device(self) -> callout.Verdict:
        """Call mountdevice; where it is not supported the kubelet makes the file system that is not there, and mounts the device, if there is one."""
        os.makedirs(self.device_path, 0o750, exist_ok=True)
        verdict = self.stage.call('mountdevice', self.device_path, self.device, self.spec())
        if verdict.status == callout.NOT_SUPPORTED and self.device:
            kind, access = self._options.get(FS_TYPE) or 'ext4', self._kubelets['kubernetes.io/readwrite']
            if access == 'rw' and _is_blank(self.device):
                made = _by_the_kubelet(verdict, f'mkfs.{kind}', *(['-F', '-m0'] if kind in ('ext3', 'ext4') else []), self.device)
                if made.status != callout.SUCCESS:
                    return made
            return _by_the_kubelet(verdict, 'mount', '-t', kind, '-o', access, self.device, self.device_path)
        return _unless_supported(verdict)

    def mount(self, prepare=None) -> callout.Verdict:
        """Call mount; where it is not supported the kubelet binds the device's mount."""
        os.makedirs(os.path.dirname(self.path) if self._nowhere else self.path, 0o750, exist_ok=True)
        verdict = self.stage.call('mount', self.path, self.spec_of_mount(), prepare=prepare)
        if verdict.status == callout.NOT_SUPPORTED:
            verdict = _by_the_kubelet(verdict, 'mount', '--bind', self.device_path, self.path)
        self.learn_origin()
        return verdict

    def mount_again(self) -> callout.Verdict:
        """Call mount once more."""
        return self.stage.call('mount', self.path, self.spec_of_mount())

    def unmount(self) -> callout.Verdict:
        """Call unmount; where it is not supported the kubelet unmounts what it takes for a mount, and removes the directory."""
        verdict = self.stage.call('unmount', self.path)
        return self._cleaned_up(verdict) if verdict.status == callout.NOT_SUPPORTED and os.path.exists(self.path) else verdict

    def _cleaned_up(self, verdict: callout.Verdict) -> callout.Verdict:
        """Do as mount_helper_common.go: CleanupMountPoint."""
        if not self.is_like_its_parent():
            verdict = _by_the_kubelet(verdict, 'umount', self.path)
            if verdict.status == callout.FAILURE or self.is_mounted():
                return verdict
        try:
            self.remove()
        except OSError as error:
            return verdict._replace(status=callout.FAILURE, message=f'not supported, and {UNSEEN} {self.path}, and cannot remove it: {error.strerror}')
        return verdict._replace(status=callout.SUCCESS)

    def unmount_device(self) -> callout.Verdict:
        """Call unmountdevice, if the kubelet does; where it is not supported the kubelet unmounts."""
        why_not = self._why_not_asked()
        if why_not:
            answer = callout.Answer([self.stage.executable, 'unmountdevice'], None, '', 0.0, False, None, False)
            return callout.Verdict(callout.FAILURE, why_not, {}, {}, None, '', answer)
        verdict = self.stage.call('unmountdevice', self.device_path)
        if verdict.status == callout.NOT_SUPPORTED and self.device_is_mounted():
            return _by_the_kubelet(verdict, 'umount', self.device_path)
        return _unless_supported(verdict)

    def _why_not_asked(self) -> str:
        """Say why the kubelet does not call unmountdevice of what is mounted (operation_generator.go: GenerateUnmountDeviceFunc), or nothing."""
        path, others = self.device_path, [other for other in mounts.elsewhere(self.device_path) if self.device_path not in other]
        if others:
            return f'the kubelet does not ask, for what is mounted at {path} is mounted at {others[0]} too'
        return f'{UNSEEN} {path}: it does not ask, and cannot remove it' if _is_like_its_parent(path) else ''

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
        return self.stage.call('isattached', self.spec(), self.stage.node)

    def get_volume_name(self) -> callout.Verdict:
        """Call getvolumename."""
        return self.stage.call('getvolumename', self.spec())

    def mounts(self) -> list:
        """Return what is mounted on the pod's directory, the topmost last."""
        return self.stage.mounts_at(self.path)

    def is_mounted(self) -> bool:
        """Say whether the pod's directory is a mount point."""
        return bool(self.mounts())

    def content(self) -> list:
        """Return the names and sizes of what the pod would find in its directory, a hundred at most."""
        try:
            with os.scandir(self.path) as entries:
                found = [(entry.name, entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_size)
                         for entry in itertools.islice(entries, 100)]
        except OSError:
            return []
        return sorted(found)

    def is_linked(self) -> bool:
        """Say whether the driver put a link to a directory in place of the pod's, which the kubelet and container runtimes follow."""
        return os.path.islink(self.path) and os.path.isdir(self.path)

    def linked(self):
        """Return the st_dev of the directory to which such a link leads, None where there is none."""
        return os.stat(self.path).st_dev if self.is_linked() else None

    def is_there(self) -> bool:
        """Say whether there is a volume: a mount, a link, or what the driver put into the directory itself."""
        return self.is_mounted() or self.is_linked() or bool(self.content())

    def remove(self):
        """Remove the pod's directory as the kubelet does after unmount, which also takes a link away; raise OSError where it holds something."""
        if os.path.islink(self.path):
            os.unlink(self.path)
        else:
            os.rmdir(self.path)

    def is_like_its_parent(self) -> bool:
        """Say whether the kubelet, which compares st_dev with the parent's, takes the mounted directory for no mount point (mount_helper_unix.go)."""
        return _is_like_its_parent(self.path)

    def device_is_mounted(self) -> bool:
        """Say whether the device's directory is a mount point."""
        return self.stage.capabilities['attach'] and bool(self.stage.mounts_at(self.device_path))

    def discard(self):
        """Take down what is still up, as the kubelet would, and in the end by force, so that one failure does not bring on others."""
        with contextlib.suppress(Stop):
            if self.is_there():
                verdict = self.unmount()
                if self.is_mounted():
                    self.judge_unmount(verdict)
            self.take_down_device()
        for path in (self.path, self.device_path):
            for _mount in self.stage.mounts_at(path):
                mounts.unmount(path)
        with contextlib.suppress(OSError):
            self.remove()
        with contextlib.suppress(OSError):
            os.rmdir(self.device_path)

    def unmount_again(self) -> bool:
        """Call unmount as the kubelet does while it cannot remove the directory; say whether nothing is mounted in the end."""
        before = len(self.mounts())
        while before and not problem_of(self.unmount()) and len(self.mounts()) < before:
            before = len(self.mounts())
        return not before

    def judge_unmount(self, verdict: callout.Verdict):
        """Make check 411 of what unmount answered."""
        problem, lied = problem_of(verdict), f'the answer is Success, but {self.path} is still a mount point'
        if problem or not self.is_mounted():
            self.stage.report.judge(411, problem, f'{verdict.answer.seconds:.2f} s', (
                'Unmount it in unmount: the kubelet does so by itself only where the volume is a file system of its own.')
                if verdict.response.get('status') == callout.NOT_SUPPORTED else '')
        elif self.unmount_again():
            self.stage.report.failed(411, f'{lied} until it is asked again', SHOULD, (
                'Unmount the directory as often as it was mounted on: for each mount that is left the kubelet cannot remove it at first.'))
        else:
            self.stage.report.failed(411, lied, advice=(
                'Unmount the directory, as often as it was mounted on, and answer Failure if that fails: the kubelet cannot remove it, and asks for ever.'))

    def origin(self):
        """Return the directory of the host that is mounted or linked, or None."""
        return os.path.realpath(self.path) if self.is_linked() else origin_of(self.path, mounts.read())

    def learn_origin(self):
        """Remember the directory of the host that is mounted."""
        origin = self.origin()
        if origin:
            self.stage.keep(origin)

    def spec(self, pods: dict = None) -> str:
        """Return the JSON as driver-call.go makes it: the pod's own options lie over the kubelet's."""
        options = dict(self._kubelets, **(pods or {}))
        options.update(self._options)
        return go_json.dumps(options)

    def spec_of_mount(self) -> str:
        """Return the JSON that only mount gets, with what it says of the pod."""
        return self.spec(self._pods)


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


def _is_like_its_parent(path: str) -> bool:
    return os.stat(path).st_dev == os.stat(os.path.dirname(path)).st_dev


def _is_blank(device: str) -> bool:
    """Ask as mount_linux.go: GetDiskFormat does: blkid(8) ends with 2 where it finds nothing."""
    return _done('blkid', '-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device)[0] == 2


def _by_the_kubelet(verdict: callout.Verdict, *command) -> callout.Verdict:
    why = _why_not(*command)
    if not why:
        return verdict._replace(status=callout.SUCCESS)
    return verdict._replace(status=callout.FAILURE, message=f'not supported, and the kubelet could not do it itself: {why}')


def _why_not(*command) -> str:
    """Run a command of mount(8)'s family; return why it failed, or nothing."""
    status, said = _done(*command)
    return '' if status == 0 else said.strip() or f'{command[0]} failed'


def _done(*command) -> tuple:
    """Return the exit status of a command, None if it has none, and what it said."""
    try:
        # run_command belongs to AnsibleModule, and this runs where there is no Ansible too.
        # pylint: disable-next=ansible-bad-function
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return None, f'{command[0]} had not finished after {PATIENCE} s'
    except OSError as error:
        return None, f'{command[0]}: {error.strerror}'
    return done.returncode, done.stdout.decode('utf-8', 'replace')
