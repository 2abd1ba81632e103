# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Become root at the next deploy or node_info, as a user of the node who pretends to be its kubelet: the whole of that attack, on a real node."""

import pytest

# su waits for a password with an effective uid of 0, under the name and with the arguments and the environment that eve chose.
PRETEND = '''
cd /home/eve
mkdir --parents plugins/eve~door
cat > plugins/eve~door/door <<'DOOR'
#!/bin/sh
touch /root/owned
echo '{"status": "Success", "capabilities": {"attach": false}}'
DOOR
chmod 755 plugins/eve~door/door
ln --symbolic --force /usr/bin/su kubelet
chown --recursive --no-dereference eve: .
systemd-run --quiet --unit=eve --uid=eve --setenv=BASH_ENV=/home/eve/evil --setenv=ENV=/home/eve/evil \
    sh -c 'sleep 600 | /home/eve/kubelet -- root --volume-plugin-dir=/home/eve/plugins'
for attempt in $(seq 100); do
    pid=$(pgrep --exact kubelet) && [ "$(awk '/^Uid/ {print $3}' /proc/$pid/status)" = 0 ] && exit
    sleep 0.1
done
echo 'su did not wait' >&2
exit 1
'''
INFO = '''\
- hosts: all
  gather_facts: false
  tasks:
    - nodeops.flexvolume.node_info:
      register: found
    - ansible.builtin.debug:
        msg: "TROUBLES {{ found.troubles | map(attribute='trouble') | join(' ') }} KUBELET {{ found.kubelet }} WHERE {{ found.plugin_dir.path }}"
'''
DRIVERS = [{'name': 'nodeops/dynhostpath', 'src': 'dynhostpath.py', 'host_paths': [{'path': '/var/lib/dynhostpath', 'mode': '0700'}]}]


@pytest.fixture
def pretending(node):
    node.shell(PRETEND)
    yield node
    node.shell('systemctl stop eve; rm -rf /root/owned /home/eve/plugins /home/eve/kubelet')


def owned(node):
    return node.shell('ls /root/owned 2>/dev/null || true')


def test_by_a_kubelet_of_her_own(pretending, tmp_path):
    (tmp_path / 'info.yml').write_text(INFO, encoding='utf-8')
    deployed = pretending.play('deploy', flexvolume_drivers=DRIVERS)
    assert deployed.returncode == 0, deployed.stdout
    assert 'calls itself kubelet and is not believed: its real, effective, saved' in ' '.join(deployed.stdout.split())
    told = pretending.play(tmp_path / 'info.yml').stdout
    assert 'TROUBLES impostor KUBELET  WHERE /usr/libexec/kubernetes/kubelet-plugins/volume/exec' in told.replace('None', ''), told
    assert owned(pretending) == ''
    assert pretending.shell('ls /home/eve/plugins').split() == ['eve~door']
    assert pretending.play('remove', flexvolume_drivers=DRIVERS).returncode == 0


def test_by_the_settings_of_the_next_kubelet(node, tmp_path):
    """Where none runs, the files that would start one are read: one that eve can write is not, and the deploy says so and changes nothing."""
    (tmp_path / 'info.yml').write_text(INFO, encoding='utf-8')
    node.shell('''mkdir --parents /home/eve/plugins && echo 'KUBELET_EXTRA_ARGS=--volume-plugin-dir=/etc/cron.d' > /home/eve/kubelet.env
        chown eve: /home/eve/kubelet.env && ln --symbolic /home/eve/kubelet.env /etc/default/kubelet''')
    try:
        deployed = node.play('deploy', flexvolume_drivers=DRIVERS)
        told = node.play(tmp_path / 'info.yml').stdout
        assert deployed.returncode
        assert '/etc/default/kubelet is not believed, because /home/eve belongs to eve' in ' '.join(deployed.stdout.split())
        assert 'TROUBLES not_believed' in told
        assert node.shell('ls /etc/cron.d | grep dynhostpath || true') == ''
    finally:
        node.shell('rm /etc/default/kubelet /home/eve/kubelet.env')
