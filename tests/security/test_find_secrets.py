# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a secret of a driver's, or a value of its config, where it was not meant to be: on the node, in its log, on the administrator's screen."""

import base64
import itertools
import os

import pytest

SECRET, TOKEN, VALUE = 'Sesame-4711-secret', 'Sesame-4711-token', '/srv/Sesame-4711-value'
FORMS = ('Sesame-4711', base64.b64encode(SECRET.encode()).decode(), base64.b64encode(TOKEN.encode()).decode())
NUMBERS = itertools.count()

# It says every secret that it knows, wherever it can.
DRIVER = """\
#!/bin/sh
token=$(sed -n 's/.*"token": "\\(.*\\)".*/\\1/p' "${{0%/*}}/.config.json")
case $1 in
init)
    capabilities='{{"attach": false, "fsGroup": false, "selinuxRelabel": false, "requiresFSResize": false, "supportsMetrics": false}}'
    echo '{{"status": "{init}", "message": "'"$token"'", "capabilities": '"$capabilities"'}}' ;;
mount) echo '{{"status": "Failure", "message": "'"$(echo "$token $3" | tr -d '\\\\"')"'"}}' ;;
*) echo '{{"status": "Success"}}' ;;
esac
# {padding}
"""


@pytest.fixture
def drivers(tmp_path):
    """Return the list of drivers; C(large) is one that is sent on its own, C(init) what the driver answers."""
    def listed(large=False, init='Success', **changes):
        name = f'talker{next(NUMBERS)}'
        source = tmp_path / name
        padding = ''.join(f'{number * number:x}' for number in range(60000)) if large else ''
        source.write_text(DRIVER.format(init=init, padding=padding), encoding='utf-8')
        return [dict(name=f'acme/{name}', src=str(source), config={'token': TOKEN}, secrets={'password': SECRET}, **changes)]

    return listed


def left_on(node):
    """Return what is left in temporary directories and logs of the node, and what of that holds a secret."""
    files = node.shell('find /root/.ansible /tmp /var/tmp /run/user ! -type d ! -path "*/cp/*" 2>/dev/null || true')
    patterns = ' '.join(f'-e {form}' for form in FORMS)
    found = node.shell(f'grep -rlF {patterns} /root /tmp /var/tmp /var/log /run/log /etc /home 2>/dev/null || true')
    logged = node.shell(f'journalctl --no-pager --output=verbose --all | grep -F {patterns} || true')
    return files + found + logged


def seen_in(output):
    return [line for line in output.splitlines() if any(form in line for form in FORMS)]


CASES = [(pipelining, case) for pipelining in (False, True) for case in (
    {'large': True, 'packages': ['jq']}, {'init': 'Failure'}, {'packages': ['no-such-package']},
    {}, {'packages': ['jq']}, {'large': True, 'init': 'Failure'})]


@pytest.mark.parametrize(('pipelining', 'case'), CASES if os.environ.get('SOAK') == '1' else CASES[:3])
def test_in_what_a_deploy_that_fails_leaves_or_shows(node, drivers, pipelining, case):
    done = node.play('deploy', '-vvv', '--diff', pipelining=pipelining, flexvolume_drivers=drivers(**case))
    assert done.returncode
    assert seen_in(done.stdout) == []
    assert left_on(node) == ''


@pytest.mark.parametrize('pipelining', [False, True] if os.environ.get('SOAK') == '1' else [True])
def test_in_what_the_other_playbooks_leave_or_show(node, drivers, pipelining):
    listed = drivers(large=True, packages=['jq'])
    for playbook, options in (('deploy', dict(flexvolume_validate=False)), ('validate', {}), ('deploy', dict(flexvolume_validate=False)), ('remove', {})):
        # Something has to be changed in the config.
        listed[0]['config'] = dict(listed[0]['config'], base=f'{VALUE}{next(NUMBERS)}')
        done = node.play(playbook, '-vvv', '--diff', pipelining=pipelining, flexvolume_drivers=listed, **options)
        assert bool(done.returncode) == (playbook == 'validate'), done.stdout
        assert seen_in(done.stdout) == []
        assert left_on(node) == ''


MODULES = ('host_paths', 'touch_timer', 'prune_timer', 'conformance', 'driver')
TASKS = """\
- hosts: all
  gather_facts: false
  tasks:
"""


def test_in_what_each_module_logs_or_shows(node, drivers, tmp_path):
    # One that fails shows what it got as well.
    tasks = ''.join(f'    - nodeops.flexvolume.{module}: {{drivers: "{{{{ flexvolume_drivers }}}}"}}\n      ignore_errors: true\n' for module in MODULES)
    (tmp_path / 'play.yml').write_text(TASKS + tasks, encoding='utf-8')
    listed = drivers()
    listed[0]['config'] = {'base': VALUE, 'token': TOKEN}
    done = node.play(tmp_path / 'play.yml', '-vvv', '--diff', flexvolume_drivers=listed)
    assert seen_in(done.stdout) == []
    assert left_on(node) == ''
    # Each did log that it ran, and with which driver.
    logged = node.shell('journalctl --no-pager --output=cat | grep "Invoked with"').splitlines()
    assert [line for line in logged if listed[0]['name'] in line and 'base' in line][len(MODULES) - 1:]


def test_by_secrets_that_are_words_of_the_report_nothing_is_garbled(node, drivers):
    """Nor does an empty one mask everything."""
    listed = [dict(drivers()[0], config={}, secrets={'x': secret}) for secret in ('pass', 'Success', 'a', '1', 'MUST', 'failed', '')]
    deployed = node.play('deploy', flexvolume_drivers=listed, flexvolume_validate=False)
    assert deployed.returncode == 0, deployed.stdout
    for chosen in (listed, listed[-1:]):
        done = node.play('validate', flexvolume_drivers=chosen)
        assert 'KeyError' not in done.stdout
        assert 'Traceback' not in done.stdout
        # The name, the check that fails, its level and its outcome are told of each driver; what the driver said is masked where it holds the secret.
        for told in [f'"name": "{driver["name"]}"' for driver in chosen]:
            assert told in done.stdout
        for told in ('"title": "a volume is mounted"', '"level": "MUST"', '"outcome": "failed"', '"number": 401'):
            assert done.stdout.count(told) >= len(chosen), told
    # A callout to repeat never has a secret in it.
    assert [line for line in done.stdout.splitlines() if line.startswith('  ') and '****' in line and '"callout": ' not in line] == []
