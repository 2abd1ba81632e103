# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Doctor: each trouble that there is, planted on a node with a real kubelet, is named, none besides, and cured by what is printed; healthy nodes have none.

Alone they are planted with SOAK=1, together always.
"""

import collections
import contextlib
import pathlib
import re

import pytest
from conftest import SOAK
from node import BASE, BROKEN, DYNHOSTPATH, PLUGIN_DIR, directory, driver, executable
from nodes.host import Failure
from nodes.pods import PODS_DIR, pod

from ansible_collections.nodeops.flexvolume.plugins.plugin_utils import _fleet

OWN, OWN_DIRECTORY = executable(DYNHOSTPATH), directory(DYNHOSTPATH)
TIMER = 'flexvolume-touch-nodeops-dynhostpath'
PRUNE = 'flexvolume-prune-nodeops-dynhostpath'
ELSEWHERE = '/var/lib/kubelet/volumeplugins'
DEFAULTS = '/etc/default/kubelet'
CONFIG = '/var/lib/kubelet/config.yaml'
DROP_IN = '/run/systemd/system/kubelet.service.d/test.conf'
LIMIT = '/proc/sys/fs/inotify/max_user_instances'
# The commands that an advice holds, as they stand there.
COMMAND = re.compile(r'\b(?:(?:chmod|chown|rm -r|rmdir|umount|touch|sysctl -w) [/\w]|systemctl (?:restart|enable) )[^;,()"]*')
ORPHAN = f'{PODS_DIR}/aaaaaaaa-1111-4222-8333-444444444444/volumes/nodeops~dynhostpath/data'
SUCCESS = """'{"status":"Success","capabilities":{"attach":false,"selinuxRelabel":false,"fsGroup":false,"requiresFSResize":false}}'"""
STUCK = f"""#!/bin/sh
case $1 in
init) echo {SUCCESS};;
mount) mkdir -p "$2" && mount -t tmpfs tmpfs "$2" && echo '{{"status":"Success"}}';;
*) echo '{{"status":"Failure","message":"somebody holds it"}}'; exit 1;;
esac
"""
# Far more than a trouble takes to show, or to go: a kubelet that was just started is given half a minute, a mount that failed is tried again after two.
SECONDS = 200

# plant and cure: scripts for the node, or functions of it; without a cure the advice's own commands are run, as printed. besides: what it brings along.
# back: what the test has to put right afterwards; deployed: whether the driver is there before; asked: of node_info.
Planted = collections.namedtuple('Planted', ('trouble', 'plant', 'cure', 'besides', 'back', 'deployed', 'asked'))
Planted.__new__.__defaults__ = (None, (), '', True, None)


def restarted(script: str) -> str:
    """Return the script with a restart of the kubelet after it."""
    return f'{script}; systemctl daemon-reload; systemctl restart kubelet'


def looking_elsewhere() -> str:
    """Return the script that gives the kubelet another plugin dir."""
    return restarted(f"cp -p {DEFAULTS} /root/kubelet.default; sed -i 's|$| --volume-plugin-dir={ELSEWHERE}|' {DEFAULTS}")


def looking_back() -> str:
    """Return the script that takes it away again."""
    return restarted(f'mv /root/kubelet.default {DEFAULTS}') + f'; rm -rf {ELSEWHERE}'


def broken(service: str) -> str:
    """Return the script that breaks a service of ours."""
    return (f"sed -i 's|^ExecStart=.*|ExecStart=/bin/false|' /etc/systemd/system/{service}.service; systemctl daemon-reload; "
            f'systemctl start {service} || :')


def program(path: str, text: str):
    """Return what puts a driver there that is none of ours."""
    def write(node):
        node.shell(f'mkdir -p {pathlib.Path(path).parent}')
        node.write(path, text, '0755')

    return write


def all_of(*steps):
    """Return what does these one after the other."""
    def run(node):
        for step in steps:
            do(node, step)

    return run


def do(node, step):
    """Run a script on the node, or a function of it."""
    if callable(step):
        step(node)
    else:
        node.shell(step)


def deploy(node):
    node.deploy(driver())


def use(node, name: str = DYNHOSTPATH, **options):
    """Start a pod with a volume, in place of the one that is there, and wait until it runs."""
    node.remove(*node.manifests())
    one = pod('planted', name, options)
    node.put(one)
    node.wait_running(one)


def wait(name: str, **options):
    """Return what starts a pod that will not get its volume."""
    return lambda node: node.put(pod('planted', name, options))


def lose(node):
    """Have the kubelet forget the driver beside a broken one, and take that away; nothing touches the driver."""
    node.shell(f'systemctl disable --now {TIMER}.timer; rm /etc/systemd/system/{TIMER}.*; systemctl daemon-reload')
    one = pod('planted', DYNHOSTPATH)
    since = node.start_beside_broken_driver(one)
    node.wait_until(lambda: node.refusals(one, since), 'refused', one)
    node.shell(f'rmdir {BROKEN}')


def strand(node):
    """End a pod whose driver cannot unmount."""
    program(f'{PLUGIN_DIR}/acme~stuck/stuck', STUCK)(node)
    use(node, 'acme/stuck')
    node.remove(*node.manifests())


def clear_away(node):
    """Do what is printed for a volume that the driver cannot unmount, and remove that driver once its pods are gone."""
    as_printed(node, 'unmount_fails')
    node.wait_until(lambda: not node.shell(f'ls {PODS_DIR}'), 'gone')
    node.shell(f'rm -r {PLUGIN_DIR}/acme~stuck')


ALONE = (
    Planted('looks_elsewhere', f'mkdir -p {ELSEWHERE}', f'rmdir {ELSEWHERE}', asked={'plugin_dir': ELSEWHERE}),
    Planted('not_seen', restarted(f"mkdir -p {pathlib.Path(DROP_IN).parent}; printf '[Service]\\nTemporaryFileSystem={PLUGIN_DIR}\\n' > {DROP_IN}"),
            restarted(f"printf '[Service]\\nBindPaths={PLUGIN_DIR}\\n' > {DROP_IN}"), back=restarted(f'rm {DROP_IN}')),
    Planted('read_only', f'mount --bind {PLUGIN_DIR} {PLUGIN_DIR} && mount -o remount,bind,ro {PLUGIN_DIR}', looking_elsewhere(), deployed=False,
            back=f'umount {PLUGIN_DIR}; {looking_back()}'),
    Planted('noexec', f'mount --bind {PLUGIN_DIR} {PLUGIN_DIR} && mount -o remount,bind,noexec {PLUGIN_DIR}', f'mount -o remount,bind,exec {PLUGIN_DIR}',
            back=f'umount {PLUGIN_DIR}'),
    # This kubelet makes it again where it was removed, but not where it was moved.
    Planted('gone', f'mv {PLUGIN_DIR} /root/plugins', all_of(lambda node: as_printed(node, 'gone'), deploy), deployed=False,
            back='rmdir /root/plugins'),
    Planted('not_watched', f'mv {PLUGIN_DIR} {PLUGIN_DIR}.old && cp --archive {PLUGIN_DIR}.old {PLUGIN_DIR}', back=f'rm -r {PLUGIN_DIR}.old'),
    Planted('misplaced', looking_elsewhere(), all_of(deploy, f'rm -r {OWN_DIRECTORY}'), back=looking_back()),
    Planted('vanished', f'rm -r {OWN_DIRECTORY}', deploy),
    Planted('driver_not_watched', f'cp -a {OWN_DIRECTORY} /root/copy && mount --bind /root/copy {OWN_DIRECTORY}',
            back=f'umount {OWN_DIRECTORY}; rm -r /root/copy'),
    Planted('symlink', f'mkdir /root/link; ln -s /root/link {PLUGIN_DIR}/acme~link', f'rm {PLUGIN_DIR}/acme~link', ('hides_others',), back='rmdir /root/link'),
    Planted('no_executable', f'mkdir {PLUGIN_DIR}/acme~empty', deployed=False),
    Planted('not_executable', f'chmod 0644 {OWN}'),
    Planted('init_fails', program(f'{PLUGIN_DIR}/acme~bad/bad', '#!/bin/false\n'), f'rm -r {PLUGIN_DIR}/acme~bad', deployed=False),
    Planted('interpreter_missing', program(f'{PLUGIN_DIR}/acme~lost/lost', f'#!/usr/bin/lost\necho {SUCCESS}\n'), 'cp /bin/sh /usr/bin/lost', deployed=False,
            asked={'init': False}, back=f'rm -r {PLUGIN_DIR}/acme~lost /usr/bin/lost'),
    Planted('init_slow', program(f'{PLUGIN_DIR}/acme~slow/slow', f'#!/bin/sh\nsleep 6; echo {SUCCESS}\n'),
            program(f'{PLUGIN_DIR}/acme~slow/slow', f'#!/bin/sh\necho {SUCCESS}\n'), deployed=False, back=f'rm -r {PLUGIN_DIR}/acme~slow'),
    Planted('hides_others', f'mkdir {BROKEN}', f'rmdir {BROKEN}', ('no_executable',)),
    Planted('not_registered', lose, besides=('pods_refused',)),
    Planted('pods_refused', wait('acme/none'), lambda node: node.deploy(driver(), driver('acme/none'))),
    Planted('mount_fails', wait(DYNHOSTPATH, nonsense='1'), use),
    Planted('unmount_fails', strand, clear_away),
    Planted('orphaned', f'mkdir -p {ORPHAN}'),
    Planted('abandoned', all_of(use, f'rm -r {OWN_DIRECTORY}'), deploy),
    Planted('not_believed', f'chmod 0666 {CONFIG}', f'chmod 0644 {CONFIG}'),
    Planted('impostor', 'systemd-run --quiet --unit=impostor --uid=nobody sh -c "ln -sf /bin/sleep /tmp/kubelet; exec /tmp/kubelet 1000"',
            'systemctl stop impostor'),
    Planted('unsafe', f'chmod 0777 {OWN_DIRECTORY}'),
    Planted('timer_asleep', f'systemctl disable --now {TIMER}.timer'),
    Planted('timer_fails', broken(TIMER), all_of(deploy, f'systemctl start {TIMER}')),
    Planted('prune_fails', all_of(lambda node: node.deploy(driver(prune_interval='1h')), broken(PRUNE)),
            all_of(lambda node: node.deploy(driver(prune_interval='1h')), f'systemctl start {PRUNE}'), back=f'systemctl disable --now {PRUNE}.timer; '
            f'rm /etc/systemd/system/{PRUNE}.*; systemctl daemon-reload'),
    Planted('host_path_not_mounted', all_of(f'mkdir -p {BASE}; mount -t tmpfs tmpfs {BASE}', deploy, f'umount {BASE}'),
            f'mount -t tmpfs -o mode=0700 tmpfs {BASE}', ('init_fails',), back=f'umount {BASE}', deployed=False),
    Planted('host_path_missing', f'rm -r {BASE}', deploy, ('init_fails',)),
    Planted('stray', program(f'{PLUGIN_DIR}/loose', '#!/bin/sh\n'), f'rm {PLUGIN_DIR}/loose', ('hides_others',)),
    # The real limit is this machine's and holds for all that runs here.
    Planted('inotify', f'ls -l /proc/[0-9]*/fd | grep -c anon_inode:inotify > /run/limit; mount --bind /run/limit {LIMIT}', back=f'umount {LIMIT}'),
)
# Not what makes this kubelet lose the driver, on which the others then depend.
TOGETHER = ('mount_fails', 'orphaned', 'impostor', 'unsafe', 'timer_asleep')


def troubles(node, asked=None) -> list:
    """Return the names of the node's troubles, sorted."""
    return sorted(trouble['trouble'] for trouble in node.module('node_info', **(asked or {}))['troubles'])


def as_printed(node, *names: str, asked=None):
    """Run the commands that the advice of these troubles holds."""
    advice = [trouble['advice'] for trouble in node.module('node_info', **(asked or {}))['troubles'] if trouble['trouble'] in names]
    commands = [command for text in advice for command in COMMAND.findall(text)]
    assert commands, f'no command is printed: {advice}'
    node.shell('set -e\n' + '\n'.join(commands))


def settles(node, expected: list, asked=None):
    """Wait until the node's troubles are these, and a kubelet that was just started counts."""
    seen: list = []

    def settled() -> bool:
        facts = node.module('node_info', **(asked or {}))
        seen[:] = sorted(trouble['trouble'] for trouble in facts['troubles'])
        return seen == expected and (not facts['kubelet'] or facts['kubelet']['seconds'] > 30)

    with contextlib.suppress(Failure):
        node.wait_for(settled, SECONDS)
    assert seen == expected


def test_every_trouble_is_planted():
    assert {planted.trouble for planted in ALONE} == set(_fleet.TITLES)


@pytest.mark.skipif(not SOAK, reason='each of them alone takes a quarter of an hour together: SOAK=1')
@pytest.mark.parametrize('planted', ALONE, ids=lambda planted: planted.trouble)
def test_each_trouble_is_named_alone_and_cured_by_what_is_printed(node, planted, say):
    if planted.deployed:
        deploy(node)
    settles(node, [])
    try:
        do(node, planted.plant)
        settles(node, sorted([planted.trouble, *planted.besides]), planted.asked)
        do(node, planted.cure or (lambda node: as_printed(node, planted.trouble, asked=planted.asked)))
        settles(node, [], planted.asked if planted.trouble != 'looks_elsewhere' else None)
    finally:
        if planted.back:
            node.shell(planted.back)


def test_troubles_together_the_doctor_s_screen_and_what_it_cures_itself(node, tmp_path):
    deploy(node)
    chosen = {planted.trouble: planted for planted in ALONE if planted.trouble in TOGETHER}
    try:
        for planted in chosen.values():
            do(node, planted.plant)
        settles(node, sorted(TOGETHER))
        said = node.refusal('nodeops.flexvolume.doctor', driver(), flexvolume_report_dir=str(tmp_path))
        assert [name for name in TOGETHER if _fleet.TITLES[name] not in said] == []
        assert sorted(path.name for path in tmp_path.iterdir()) == ['fleet.json', 'flexvolume-troubles.xml', 'index.html']
        cured = node.refusal('nodeops.flexvolume.doctor', driver(), flexvolume_doctor_fix=True).partition('Cured just now:')[2]
        assert [name for name in ('unsafe', 'timer_asleep') if _fleet.TITLES[name] not in cured] == []
        as_printed(node, 'orphaned')
        for name in ('mount_fails', 'impostor'):
            do(node, chosen[name].cure)
        settles(node, [])
        assert 'FlexVolume on 1 node: 1 healthy.' in node.play('nodeops.flexvolume.doctor', driver())
    finally:
        node.shell(f'systemctl stop impostor || :; test ! -e {ORPHAN} || rmdir {ORPHAN}')


@pytest.mark.parametrize('kind', ['no kubelet', 'idle', 'busy', 'another plugin dir', 'just rebooted'])
def test_a_healthy_node_has_no_trouble(node, soak, kind):
    if kind == 'another plugin dir':
        node.shell(looking_elsewhere())
    deploy(node)
    try:
        if kind == 'no kubelet':
            node.shell('systemctl stop kubelet')
        elif kind == 'busy':
            pods = [several(f'busy{number}', 10) for number in range(soak(2, 10))]
            node.put(*pods)
            node.wait_running(*pods)
        elif kind == 'just rebooted':
            node.nodes.reboot(node.name)
        facts = node.module('node_info')
        assert facts['troubles'] == []
        assert kind != 'busy' or facts['drivers'][0]['volumes']['count'] == 10 * soak(2, 10)
    finally:
        node.shell('systemctl start kubelet')
        if kind == 'another plugin dir':
            node.shell(looking_back())


def several(name: str, count: int) -> dict:
    """Return a pod with so many volumes."""
    one = pod(name, DYNHOSTPATH)
    volume, container = one['spec']['volumes'][0], one['spec']['containers'][0]
    one['spec']['volumes'] = [dict(volume, name=f'data{number}') for number in range(count)]
    container['volumeMounts'] = [{'name': f'data{number}', 'mountPath': f'/data{number}'} for number in range(count)]
    return one
