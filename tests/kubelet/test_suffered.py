# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Suffered: each MUST of the conformance suite is what a real kubelet, or a pod or the node under it, was seen to suffer from.

The drivers are the suite's own fixtures. A handful of them on every run; SOAK=1 takes all, and writes what was seen into the documentation.
"""

import base64
import collections
import itertools
import pathlib
import re
import shlex
import time

import pytest
from conftest import SOAK
from node import PLUGIN_DIR, UNKNOWN
from nodes.pods import PODS_DIR, pod, uid_of

DRIVERS = pathlib.Path(__file__).parents[1] / 'conformance' / 'drivers'
VOLUMES = 'volumes/example.org~'
# A pod that writes to its volume, and one that asks for what it must not have.
WRITES = 'echo hello > /data/log && sleep 2147483647'
# An attachable driver for a node that has no loop devices: a device is a file, its file system a tmpfs.
DEVICES = pathlib.Path(__file__).with_name('attached_without_a_device.sh').read_text(encoding='utf-8')
CALL = 'main "$@"\n'
DATA = '/srv/fixture'
CONFIG = '/var/lib/kubelet/config.yaml'

Case = collections.namedtuple('Case', ('number', 'defect', 'story', 'quick'))


def text_of(defect: str) -> str:
    """Return the source of a fixture: a good driver with the functions of the defect in place of its own, and its data out of the plugin dir."""
    path = DRIVERS / 'defects' / f'{defect}.sh'
    body = path.read_text(encoding='utf-8')
    base = re.search('^# base: (.*)$', body, re.MULTILINE)
    good = (DRIVERS / 'good' / f'{base[1] if base else "shell"}.sh').read_text(encoding='utf-8')
    return good[:good.rindex(CALL)] + f'plugin_dir={DATA}\n' + (DEVICES if base and base[1] == 'attachable' else '') + body + CALL


def install(node, text: str, place: str, mode: str = '0755'):
    """Put a driver on the node, whole from the kubelet's first look on, and leave nothing of the one before."""
    content = base64.b64encode(text.encode()).decode()
    directory = place.rpartition('/')[0]
    node.shell(f"""
        mkdir -p {PLUGIN_DIR}/.new && echo {content} | base64 -d > {PLUGIN_DIR}/.new/{place.rpartition('/')[2]}
        chmod {mode} {PLUGIN_DIR}/.new/* && rm -rf {directory} && mv -T {PLUGIN_DIR}/.new {directory}""")


def good() -> str:
    return (DRIVERS / 'good' / 'shell.sh').read_text(encoding='utf-8')


class Scene:
    """One pod, one driver, whose name no other test has since the kubelet remembers it, and what the kubelet says of them."""

    def __init__(self, node, driver: str):
        self.node = node
        self.driver = f'example.org/{driver}'
        self.directory = f'{PLUGIN_DIR}/example.org~{driver}'
        self.executable = f'{self.directory}/{driver}'
        self.pod = None
        self.since = node.now()

    def install(self, text: str, mode: str = '0755'):
        """Put the driver on the node."""
        install(self.node, text, self.executable, mode)

    def begin(self, script: str = WRITES, options: dict = None, volumes: int = 1, name: str = 'web') -> dict:
        self.pod = pod(name, self.driver, options, script)
        spec = self.pod['spec']
        for number in range(1, volumes):
            spec['volumes'].append({'name': f'more{number}', 'flexVolume': {'driver': self.driver, 'options': options or {}}})
            spec['containers'][0]['volumeMounts'].append({'name': f'more{number}', 'mountPath': f'/more{number}'})
        self.node.put(self.pod)
        return self.pod

    def runs(self):
        self.node.wait_running(self.pod)

    def volume(self) -> str:
        return f'{PODS_DIR}/{uid_of(self.pod)}/{VOLUMES}{self.driver.partition("/")[2]}/data'

    def says(self, *words: str, count: int = 1) -> str:
        """Wait for a line of the kubelet's log that has all these words, as often as C(count), and return it without what differs each time."""
        found = []

        def said():
            found[:] = [line for line in self.node.log(self.since) if all(word in line for word in words)]
            return len(found) >= count
        self.node.wait_until(said, f'told {words}', self.pod)
        return shown(found[-1], words[0])

    def ends(self, *words: str, count: int = 2) -> str:
        """Remove the pod and wait until the kubelet has said C(count) times that it cannot take its volume down; return what it said."""
        self.since = self.node.now()
        self.node.remove(self.pod)
        line = self.says(*(words or ('TearDown failed',)), count=count)
        assert uid_of(self.pod) in self.node.shell(f'ls {PODS_DIR}')
        return line


def shown(line: str, word: str) -> str:
    """Return the part of a line of the kubelet's log that tells, without times, uids and the tags of the source."""
    line = re.sub(r'^[IWE][0-9]{4} .*?\] ', '', line)
    line = line[line.index('Error: "') + 8:] if 'Error: "' in line else line if 'rphaned' in line else line[line.index(word):]
    line = re.sub(r'fixture-\d+', 'fixture', re.sub(r'\b(web|first|second)-\w+-\d+', r'\1', re.sub(r'node \\*"[\w-]+\\*"', 'node "NODE"', line)))
    line = re.sub(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'UID', line)
    return re.sub(r'\\+"', '"', line)[:300].strip(' "')


def release(node, scene):
    """Free what a bad driver keeps, by hand: the mounts of its volumes, and what lies in and beside them."""
    left = node.manifests()
    if left:
        node.remove(*left)
        # A good driver would serve the pod yet; the kubelet looks for manifests every two seconds.
        time.sleep(3)
    scene.install(good())

    def freed():
        node.shell(f"""
            cut -d ' ' -f 5 /proc/self/mountinfo | grep -E '^{PODS_DIR}/.*/{VOLUMES}|/kubernetes.io/flexvolume/example.org/' | tac | xargs -r -n 1 umount -l
            find {PODS_DIR} -path '*/{VOLUMES}*/*' -delete; rm -rf {DATA} /run/devices""")
        return not node.shell(f'ls {PODS_DIR}')
    node.wait_until(freed, 'freed')


# ---- stories: each makes its driver and its pod, and returns what was suffered ------------------------------------------------------------

def is_unknown(node, scene, text: str, mode: str = '0755') -> str:
    scene.install(text, mode)
    scene.begin()
    scene.says(UNKNOWN, uid_of(scene.pod))
    return f'no volume plugin matched; {why_unknown(node, scene)}'


def why_unknown(node, scene) -> str:
    log = node.log(scene.since)
    started = [line[line.index('fork/exec'):line.index(', output')] for line in log if 'fork/exec' in line and scene.driver.partition('/')[2] in line]
    probed = [line for line in log if 'creating Flexvolume plugin' in line]
    return shown(started[-1], 'fork') if started else shown(probed[-1], 'creating') if probed else 'the driver is not even called'


def no_file(node, scene, _text):
    node.shell(f'mkdir -p {scene.directory}')
    scene.begin()
    scene.says(UNKNOWN, uid_of(scene.pod))
    return f'no volume plugin matched; {why_unknown(node, scene)}'


def not_executable(node, scene, _text):
    return is_unknown(node, scene, good(), mode='0644')


def wrong_name(node, scene, _text):
    install(node, good(), f'{scene.directory}/driver')
    scene.begin()
    scene.says(UNKNOWN, uid_of(scene.pod))
    return f'no volume plugin matched; {why_unknown(node, scene)}'


def noexec(node, scene, _text):
    scene.install(good())
    node.shell(f'cp {scene.executable} /run/fixture; mount -t tmpfs -o noexec,mode=0755 fixture {scene.directory}; cp -p /run/fixture {scene.executable}')
    try:
        scene.begin()
        scene.says(UNKNOWN, uid_of(scene.pod))
        return f'no volume plugin matched; {why_unknown(node, scene)}'
    finally:
        node.remove(scene.pod)
        node.shell(f'umount -l {scene.directory}')


def runs_what_nobody_wrote(node, scene, new: str, put: str) -> bool:
    """Have a user who has nothing to say on the node write the driver anew, with a command of his own, and put it in place; say whether root runs that."""
    script = f"sed 's|^call_init() {{|call_init() {{ touch /run/by-root;|' {scene.executable} > {new}; {put}"
    node.shell(f'rm -f /run/by-root; setpriv --reuid 65534 --regid 65534 --clear-groups sh -c {shlex.quote(script)}')
    scene.begin()
    scene.runs()
    return node.shell('stat --format=%U /run/by-root; rm -f /run/by-root /tmp/changed') == 'root\n'


def anybody_writes(node, scene, _text):
    """A user of the node adds a line to the driver; the kubelet runs it as root."""
    scene.install(good(), mode='0777')
    assert runs_what_nobody_wrote(node, scene, '/tmp/changed', f'cat /tmp/changed > {scene.executable}')
    return 'a user of the node (uid 65534) wrote a command into it, and the kubelet ran that as root'


def anybody_replaces(node, scene, _text):
    scene.install(good())
    node.shell(f'chmod 0777 {scene.directory}')
    new = f'{scene.directory}/.new'
    assert runs_what_nobody_wrote(node, scene, new, f'chmod 0755 {new}; mv -f {new} {scene.executable}')
    return 'a user of the node (uid 65534) put another driver in its place, and the kubelet ran that as root'


def never_starts(node, scene, text):
    scene.install(text)
    scene.begin(options={'images': DATA})
    line = scene.says('SetUp failed', uid_of(scene.pod), count=2)
    assert uid_of(scene.pod) not in node.running()
    return line


def device_never_comes(*words: str):
    """Return the story of a pod that waits for its device while the kubelet says these words."""
    def story(node, scene, text):
        scene.install(text)
        scene.begin(options={'images': DATA})
        line = scene.says(*words, count=2)
        assert uid_of(scene.pod) not in node.running()
        return line
    return story


def never_goes(node, scene, text):
    scene.install(text)
    scene.begin(options={'images': DATA})
    scene.runs()
    return scene.ends()


def device_never_goes(*words: str):
    """Return the story of a pod whose device stays while the kubelet says these words."""
    def story(node, scene, text):
        scene.install(text)
        scene.begin(options={'images': DATA})
        scene.runs()
        scene.since = node.now()
        node.remove(scene.pod)
        return f'the pod goes, its device never: {scene.says(*words, count=2)}'
    return story


def writes_to_the_disk(node, scene, text):
    """The pod runs without a volume, and what it writes goes to the disk of the node."""
    scene.install(text.replace('mount -t tmpfs', 'mount -t no-such-file-system'))
    scene.begin()
    scene.runs()
    assert node.mounts(scene.driver) == []
    assert node.shell(f'cat {scene.volume()}/log') == 'hello\n'
    return f"the pod runs and writes to the node's own disk, in {shown(scene.volume(), '/')}; when it goes: {scene.ends()}"


def pod_cannot_write(node, scene, text):
    scene.install(text)
    scene.begin('echo hello > /data/log || exit 3; sleep 2147483647')

    def ended():
        statuses = [status for seen in node.status().values() if seen['metadata']['uid'] == uid_of(scene.pod)
                    for status in seen['status'].get('containerStatuses', [])]
        return [status for status in statuses
                if 3 in [state['terminated'].get('exitCode') for state in (status['state'], status.get('lastState', {})) if 'terminated' in state]]
    node.wait_until(ended, 'ended', scene.pod)
    return 'the pod cannot write to its volume: it ends with its own error, again and again'


def after_a_restart(node, scene, text):
    scene.install(text)
    scene.begin()
    scene.runs()
    scene.since = node.now()
    node.restart()
    return 'after a restart of the kubelet: ' + scene.says('SetUp failed', uid_of(scene.pod), count=2)


def after_a_failure(node, scene, text):
    scene.install(text)
    scene.begin()
    scene.runs()
    return f'the kubelet says {scene.says("SetUp failed", uid_of(scene.pod))}, finds a mount at its next try, and runs the pod with what a failed mount left'


def runs_commands(node, scene, text):
    scene.install(text)
    scene.begin(options={'share': 'data$(touch /run/by-a-pod)'})
    scene.runs()
    assert node.shell('stat --format=%U /run/by-a-pod; rm -f /run/by-a-pod') == 'root\n'
    return "a pod's author had a command run on the node as root"


def reads_the_node(node, scene, text):
    node.shell('echo of-the-node > /srv/secret')
    scene.install(text)
    scene.begin('[ "$(cat /data/secret)" = of-the-node ] && echo seen > /data/seen; sleep 2147483647', options={'path': '../' * 12 + 'srv'})
    scene.runs()
    node.wait_until(lambda: node.shell('cat /srv/seen 2>/dev/null || true') == 'seen\n', 'able to read the node', scene.pod)
    node.shell('rm -f /srv/secret /srv/seen')
    return 'the pod read a file of the node in /srv, and wrote another'


def asked_again(node, scene, text):
    """What lies below the mount keeps the kubelet from removing the directory; it asks again, also once nothing lies there any more."""
    scene.install(text)
    scene.begin()
    scene.runs()
    volume = scene.volume()
    node.shell(f'mkdir -p /run/below; mount --bind {volume.rpartition("/")[0]} /run/below; touch /run/below/data/file; umount /run/below')
    scene.since = node.now()
    node.remove(scene.pod)
    scene.says('TearDown failed', 'not empty')
    node.shell(f'rm {volume}/file')
    scene.since = node.now()
    line = scene.says('TearDown failed', count=2)
    assert uid_of(scene.pod) in node.shell(f'ls {PODS_DIR}')
    return f'a pod whose directory could not be removed at first stays for ever: {line}'


def orphan(node, scene, text):
    scene.install(text)
    scene.begin()
    scene.runs()
    return scene.ends('still present on disk', 'rphaned pod', uid_of(scene.pod))


def orphan_with_a_mount(node, scene, text):
    """What the kubelet says of every pod for a moment, it says of this one for ever."""
    scene.install(text)
    scene.begin()
    scene.runs()
    return scene.ends('volumes are not cleaned up', 'rphaned pod', uid_of(scene.pod), count=10) + ', every two seconds for ever'


def second_volume(node, scene, text):
    scene.install(text)
    scene.begin(volumes=2)
    line = scene.says('SetUp failed', uid_of(scene.pod), count=2)
    assert uid_of(scene.pod) not in node.running()
    return line


def second_pod(node, scene, text):
    scene.install(text)
    scene.begin(name='first')
    scene.runs()
    scene.begin(name='second')
    line = scene.says('SetUp failed', uid_of(scene.pod), count=2)
    assert uid_of(scene.pod) not in node.running()
    return f'while one pod runs, another does not start: {line}'


def loses_what_another_uses(node, scene, text):
    """Two pods have the same data; one goes, and what the other still uses is gone."""
    scene.install(text)
    first = scene.begin('echo hello > /data/log && sleep 2147483647', name='first')
    scene.runs()
    second = scene.begin('sleep 2147483647', name='second')
    scene.runs()
    assert node.shell(f'cat {scene.volume()}/log') == 'hello\n'
    node.remove(first)
    node.wait_gone(first)
    assert uid_of(second) in node.running() and node.shell(f'ls {scene.volume()}') == ''
    return 'one pod went, and a file of another that runs with the same data went with it'


CASES = [
    Case(101, '', no_file, False),
    Case(103, '', not_executable, False),
    Case(104, '', anybody_writes, False),
    Case(105, '', anybody_replaces, False),
    Case(106, '', wrong_name, False),
    Case(107, '', noexec, False),
    Case(201, 'warns-on-stderr', is_unknown, True),
    Case(401, 'mount-fails', never_starts, False),
    Case(402, 'mounts-nothing', writes_to_the_disk, True),
    Case(403, 'full-volume', pod_cannot_write, False),
    Case(404, 'second-bind-mount-fails', after_a_restart, True),
    Case(407, 'mount-fails-but-mounts', after_a_failure, False),
    Case(408, 'executes-options', runs_commands, True),
    Case(409, 'climbs-out', reads_the_node, False),
    Case(411, 'unmount-fails', never_goes, True),
    Case(411, 'leaves-a-bind-mount-to-the-kubelet', never_goes, False),
    Case(412, 'second-unmount-fails', asked_again, False),
    Case(414, 'leaves-a-file-below-the-mount', never_goes, False),
    Case(415, 'success-though-mount-failed', writes_to_the_disk, False),
    Case(416, 'one-volume-a-pod', second_volume, False),
    Case(418, 'deletes-what-others-use', loses_what_another_uses, False),
    Case(501, 'one-name-for-all-volumes', second_pod, False),
    Case(501, 'knows-a-volume-by-its-name-alone', second_pod, False),
    Case(601, 'getvolumename-fails', device_never_comes('GetUniqueVolumeNameFromSpec', 'Error syncing pod'), False),
    Case(602, 'attach-fails', device_never_comes('AttachVolume.Attach failed'), False),
    Case(604, 'waitforattach-fails', device_never_comes('WaitForAttach failed'), False),
    Case(605, 'mountdevice-fails', device_never_comes('MountDevice failed'), False),
    Case(606, 'attached-volume-is-not-mounted', never_starts, False),
    Case(607, 'unmountdevice-fails', device_never_goes('UnmountDevice failed'), False),
    Case(607, 'binds-the-device-from-the-same-file-system', device_never_goes('UnmountDevice failed'), False),
    Case(607, 'binds-the-device-from-its-own-mount', device_never_goes('GetDeviceMountRefs check failed'), False),
    Case(608, 'detach-fails', device_never_goes('DetachVolume.Detach failed'), False),
    Case(801, 'leaves-a-mount', orphan_with_a_mount, False),
    Case(803, 'leaves-a-file', orphan, False),
]
numbers = itertools.count(1)


@pytest.fixture
def attaching(case, node):
    """Let the kubelet attach volumes itself, as it does where no controller does it for a cluster; here is none."""
    if case.number // 100 != 6:
        yield
        return
    node.shell(f'cp {CONFIG} /root/kubelet.yaml; echo "enableControllerAttachDetach: false" >> {CONFIG}')
    node.restart()
    yield
    node.shell(f'mv /root/kubelet.yaml {CONFIG}')
    node.restart()


@pytest.mark.parametrize('case', [case for case in CASES if SOAK or case.quick], ids=lambda case: f'{case.number}-{case.defect or case.story.__name__}')
@pytest.mark.usefixtures('attaching')
def test_what_a_must_is_for(case, node, record_property):
    scene = Scene(node, f'fixture-{next(numbers)}')
    node.shell(f'mkdir -p {DATA}')
    try:
        evidence = case.story(node, scene, text_of(case.defect) if case.defect else '')
    finally:
        release(node, scene)
    record_property('suffered', (str(case.number), case.defect or case.story.__name__.replace('_', ' '), evidence))
