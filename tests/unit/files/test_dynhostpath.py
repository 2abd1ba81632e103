# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver's functions, without a mount: what is decided, and what a path walk does in a directory of one's own."""

import errno
import importlib.machinery
import importlib.util
import json
import os
import stat

import pytest

SOURCE = os.path.join(os.path.dirname(__file__), '..', '..', '..', 'files', 'dynhostpath.py')
MOUNT_DIR = '/var/lib/kubelet/pods/u1/volumes/nodeops~dynhostpath/logs'
OPTIONS = {'kubernetes.io/pod.namespace': 'default', 'kubernetes.io/pod.name': 'web-0', 'kubernetes.io/pod.uid': 'u1', 'kubernetes.io/readwrite': 'rw'}


def load():
    loader = importlib.machinery.SourceFileLoader('dynhostpath', SOURCE)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


driver = load()


def plan(settings=None, **options):
    config = driver.settle_configuration(settings or {}, '.config.json')
    return driver.decide(config, dict(OPTIONS, **options), driver.identify(MOUNT_DIR))


@pytest.fixture
def base(tmp_path):
    fd = os.open(str(tmp_path), os.O_RDONLY)
    yield fd
    os.close(fd)


def test_the_interpreter_line_fits_every_kernel_and_every_interpreter():
    with open(SOURCE) as file:
        line = file.readline()
    # Linux before 5.1 cuts the line after 127 bytes.
    assert len(line.replace('/usr/bin/python3', '/usr/libexec/platform-python')) <= 127


def test_the_file_is_plain_ascii():
    """The head is read in the kubelet's locale, which may be C."""
    with open(SOURCE, 'rb') as file:
        file.read().decode('ascii')


@pytest.mark.parametrize('text', ['{}', ' {"a": 1}\n', '{"a": {"b": [1, 2.5, null, true, "\\u00e9"]}}', '{"a": 1, "a": 2}'])
def test_parse_object_reads_what_json_reads(text):
    assert driver.parse_object(text, 'it') == json.loads(text)


@pytest.mark.parametrize('text', ['', '{', '[]', '1', 'null', '{}{}', '{"a"}', "{'a': 1}", '{"a": "\n"}', '[' * 100000])
def test_parse_object_refuses_the_rest_without_quoting_it(text):
    with pytest.raises(driver.Refused, match=r'^it: not (valid JSON|one JSON object)\.$'):
        driver.parse_object(text, 'it')


@pytest.mark.parametrize('value', [{}, {'a': 'b', 'c': {'d': True, 'e': None, 'f': 7}}, {'a': 'é"\\\n\x00\udcff'}])
def test_to_json_is_read_back(value):
    assert json.loads(driver.to_json(value)) == value


@pytest.mark.parametrize('value', ['a', 'web-0', 'a.b_C', 'A' * 255, '-'])
def test_component_takes_names(value):
    assert driver.component(value, 'it') == value


@pytest.mark.parametrize('value', [None, 1, '', '.', '..', '.a', 'a/b', '/', 'a b', 'a\n', 'a\0', 'é', '~', '{uid}', 'A' * 256, ['a']])
def test_component_refuses_the_rest(value):
    with pytest.raises(driver.Refused, match=r'^it '):
        driver.component(value, 'it')


@pytest.mark.parametrize(('parser', 'value', 'expected'), [
    ('identity', 0, 0), ('identity', '4294967294', 4294967294), ('permissions', '0750', 0o750), ('permissions', '2770', 0o2770),
    ('retention', 'delete', 0), ('retention', '90s', 90), ('retention', '2h', 7200), ('retention', '7d', 604800), ('size', '4Mi', 4 << 20),
    ('size', '2Gi', 2 << 30), ('optional_size', None, None), ('mount_flags', [], 0), ('mount_flags', ['nodev', 'nosuid', 'nodev'], 6), ('switch', True, True),
    ('absolute', '/a b/c', '/a b/c')])
def test_parsers_take(parser, value, expected):
    assert getattr(driver, parser)(value, 'it') == expected


@pytest.mark.parametrize(('parser', 'value'), [
    ('identity', -1), ('identity', '4294967295'), ('identity', 4294967295), ('identity', 'root'), ('identity', True), ('identity', 1.0), ('identity', ''),
    ('identity', '٣'), ('permissions', 755), ('permissions', '75'), ('permissions', '00755'), ('permissions', '0888'), ('permissions', '+755'),
    ('retention', 0), ('retention', ''), ('retention', '7'), ('retention', 'd'), ('retention', '-1d'), ('retention', '1.5d'), ('retention', ['retain']),
    ('size', None), ('size', '1Mi'), ('size', '1G'), ('size', '999999999Ti'), ('size', 5), ('mount_flags', 'nodev'), ('mount_flags', ['rw']),
    ('mount_flags', [{}]), ('switch', 1), ('switch', 'true'), ('absolute', 'a'), ('absolute', '/'), ('absolute', '/a/'), ('absolute', '/a//b'),
    ('absolute', '/a/../b'), ('absolute', '/a\0b'), ('absolute', None)])
def test_parsers_refuse_and_say_what(parser, value):
    with pytest.raises(driver.Refused, match=r'^it '):
        getattr(driver, parser)(value, 'it')


@pytest.mark.parametrize('value', ['{namespace}/{name}', '{UID}', '{pod', 'a}'])
def test_an_unknown_placeholder_is_told_the_known_ones(value):
    with pytest.raises(driver.Refused, match=r'no such placeholder; there are \{namespace\}, \{pod\}, \{uid\}, \{volume\}'):
        driver.layout(value, 'layout')


def test_the_defaults_are_good_settings():
    config = driver.settle_configuration({}, 'it')
    assert config['base'] == '/var/lib/dynhostpath'
    assert config['layout'] == ['{namespace}', '{pod}', '{uid}']
    assert config['mount_flags'] == driver.MOUNT_FLAGS['nosuid'] | driver.MOUNT_FLAGS['nodev']
    assert set(config) == set(driver.DEFAULTS) == set(driver.SETTINGS)


def test_identify_reads_the_kubelets_path():
    assert driver.identify(MOUNT_DIR) == {'uid': 'u1', 'volume': 'logs'}
    assert driver.identify('/tmp/x/pods/u2/volumes/a~b/c') == {'uid': 'u2', 'volume': 'c'}


@pytest.mark.parametrize('path', ['', '/', 'pods/u1/volumes/a~b/c', '/pods/u1/volumes/a~b', '/x/pods/u1/volumes/a~b/c/d', '/x/pods/../volumes/a~b/c'])
def test_identify_refuses_other_paths(path):
    with pytest.raises(driver.Refused, match='mount dir'):
        driver.identify(path)


def test_decide_without_wishes_is_the_administrators_plan():
    assert plan() == {'directory': ['default', 'web-0', 'u1'], 'owner': 0, 'group': 0, 'mode': 0o755, 'size': None, 'retention': None,
                      'flags': driver.MOUNT_FLAGS['nosuid'] | driver.MOUNT_FLAGS['nodev']}


def test_decide_fills_the_layout():
    assert plan({'layout': 'a/{namespace}-{pod}/{uid}.{volume}'})['directory'] == ['a', 'default-web-0', 'u1.logs']


def test_decide_honours_read_only():
    assert plan(**{'kubernetes.io/readwrite': 'ro'})['flags'] & driver.RDONLY


@pytest.mark.parametrize('key', ['kubernetes.io/mounterArgs.FsGroup', 'kubernetes.io/fsGroup'])
@pytest.mark.parametrize(('access', 'mode'), [('rw', 0o2775), ('ro', 0o2755)])
def test_decide_gives_the_directory_to_the_fs_group(key, access, mode):
    chosen = plan(**{key: '3000', 'kubernetes.io/readwrite': access})
    assert (chosen['group'], chosen['mode']) == (3000, mode)


@pytest.mark.parametrize(('bounds', 'option', 'value', 'expected'), [
    ({'mode': {'max': '0770'}}, 'mode', '0750', 0o750), ({'owner': {'min': 5, 'max': 5}}, 'owner', '5', 5),
    ({'retention': {'max': '7d'}}, 'retention', 'delete', 0), ({'retention': {'max': 'retain'}}, 'retention', 'retain', driver.FOREVER)])
def test_a_pod_gets_what_it_may_ask_for(bounds, option, value, expected):
    assert plan({'pod_options': bounds}, **{option: value})[option] == expected


@pytest.mark.parametrize(('bounds', 'option', 'value'), [
    ({}, 'mode', '0750'), ({'mode': {'max': '0770'}}, 'mode', '0771'), ({'mode': {'max': '0770'}}, 'mode', 504), ({'mode': {'max': '0770'}}, 'owner', '1'),
    ({'owner': {'min': 5, 'max': 6}}, 'owner', '4'), ({'owner': {'min': 5, 'max': 6}}, 'owner', '7'), ({'retention': {'max': '7d'}}, 'retention', '8d'),
    ({'retention': {'max': '7d'}}, 'retention', 'retain'), ({'subdirectory': {}}, 'subdirectory', '..')])
def test_a_pod_gets_nothing_else(bounds, option, value):
    with pytest.raises(driver.Refused, match=rf'^option .?{option}'):
        plan({'pod_options': bounds}, **{option: value})


def test_size_and_subdirectory():
    chosen = plan({'layout': '{uid}/{volume}', 'pod_options': {'size': {'max': '1Gi'}, 'subdirectory': {}}}, size='8Mi', subdirectory='x')
    assert (chosen['size'], chosen['directory']) == (8 << 20, ['u1', 'logs', 'x'])


@pytest.mark.parametrize('name', ['namespace', 'name', 'uid'])
def test_what_the_kubelet_always_says_must_be_there(name):
    with pytest.raises(driver.Refused, match=r'kubernetes\.io/pod\.' + name):
        plan(**{'kubernetes.io/pod.' + name: None})


def test_walk_makes_what_is_missing_and_notes_it(base, tmp_path):
    (tmp_path / 'a').mkdir()
    made = []
    os.close(driver.walk(base, ['a', 'b', 'c'], made))
    assert made == [['a', 'b'], ['a', 'b', 'c']]
    assert stat.S_IMODE((tmp_path / 'a/b/c').stat().st_mode) & 0o700 == 0o700


def test_walk_without_a_list_makes_nothing(base, tmp_path):
    with pytest.raises(FileNotFoundError):
        driver.walk(base, ['a'])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('target', ['real', '/', 'missing'])
def test_walk_follows_no_symlink(base, tmp_path, target):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to(target)
    for names in (['link'], ['link', 'x']):
        with pytest.raises(OSError) as caught:
            driver.walk(base, names, [])
        assert caught.value.errno in (errno.ENOTDIR, errno.ELOOP)
        assert caught.value.filename == 'link'


def test_walk_leaks_no_descriptor(base):
    before = len(os.listdir('/proc/self/fd'))
    for _time in range(3):
        os.close(driver.walk(base, ['a', 'b'], []))
        with pytest.raises(FileNotFoundError):
            driver.walk(base, ['a', 'missing', 'x'])
    assert len(os.listdir('/proc/self/fd')) == before


def test_remove_empty_stops_at_what_is_not(base, tmp_path):
    (tmp_path / 'a/b/c').mkdir(parents=True)
    (tmp_path / 'a/file').touch()
    driver.remove_empty(base, ['a', 'b', 'c', 'gone'])
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['file']


def test_remove_empty_keeps_what_it_shall(base, tmp_path):
    (tmp_path / 'a/b').mkdir(parents=True)
    driver.remove_empty(base, ['a', 'b'], 1)
    assert list(tmp_path.iterdir()) == [tmp_path / 'a']


def test_the_trash_is_emptied_and_nothing_is_followed(base, tmp_path):
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'outside/file').touch()
    (tmp_path / '.trash/x/deep/deeper').mkdir(parents=True)
    (tmp_path / '.trash/x/link').symlink_to(tmp_path / 'outside')
    (tmp_path / '.trash/x/deep/file').touch()
    assert driver.empty_trash(base, 100) == []
    assert list((tmp_path / '.trash').iterdir()) == []
    assert [path.name for path in (tmp_path / 'outside').iterdir()] == ['file']


def test_no_more_names_are_removed_at_once_than_asked_for(base, tmp_path):
    (tmp_path / '.trash/x/deep').mkdir(parents=True)
    for number in range(50):
        (tmp_path / f'.trash/x/deep/{number}').touch()
    assert driver.empty_trash(base, 20) == []
    assert len([path for path in tmp_path.rglob('*') if path.is_file()]) in range(30, 33)
    while list((tmp_path / '.trash').iterdir()):
        assert driver.empty_trash(base, 20) == []


RECORD = {'namespace': 'default', 'pod': 'web-0', 'mount_dir': MOUNT_DIR, 'directory': 'a/u1', 'retention': 0}


def test_records_are_read_back_with_the_time_of_their_end(base, tmp_path):
    driver.write_record(base, 'logs', RECORD)
    assert driver.read_record(base, 'u1', 'logs') == dict(RECORD, ended=0)
    driver.mark('logs', 12.5, base)
    assert driver.read_record(base, 'u1', 'logs') == dict(RECORD, ended=12.5)
    assert [path.name for path in tmp_path.iterdir()] == ['logs']


@pytest.mark.parametrize('content', [
    b'', b'{"a', b'[]', b'\xff', b'{}', *(json.dumps(dict(RECORD, **wrong)).encode() for wrong in (
        {'directory': '../x/u1'}, {'directory': '/etc/u1'}, {'directory': '.state/u1'}, {'directory': ''}, {'directory': None}, {'directory': ['u1']},
        {'pod': '..'}, {'namespace': 'a/b'}, {'mount_dir': MOUNT_DIR.replace('u1', 'u2')}, {'mount_dir': MOUNT_DIR.replace('logs', 'data')},
        {'mount_dir': 7}, {'retention': '7d'}, {'retention': 1e400}, {'size': None}))])
def test_what_the_driver_did_not_write_is_no_record(base, tmp_path, content):
    (tmp_path / 'logs').write_bytes(content)
    with pytest.raises(driver.Refused, match=r'^\.state/u1/logs in the base: no record of this driver'):
        driver.read_record(base, 'u1', 'logs')
    assert driver.read_record(base, 'u1', 'other') == {}


@pytest.mark.parametrize('make', [os.mkfifo, os.mkdir, lambda path: os.symlink('/etc/passwd', path), lambda path: os.symlink('missing', path)])
def test_what_is_no_file_is_no_record(base, tmp_path, make):
    make(tmp_path / 'logs')
    with pytest.raises(driver.Refused, match='no record of this driver'):
        driver.read_record(base, 'u1', 'logs')


def test_what_is_created_is_new(base, tmp_path):
    (tmp_path / 'treasure').write_text('untouched')
    (tmp_path / '.new').symlink_to('treasure')
    driver.write_record(base, 'logs', RECORD)
    assert (tmp_path / 'treasure').read_text() == 'untouched'


@pytest.mark.parametrize(('part', 'expected'), [
    ('{namespace}-{pod}', True), ('{namespace}{pod}', True), ('{pod}.{volume}', True), ('{namespace}_{pod}', False), ('x-{pod}-y', False),
    ('{namespace}_{pod}-{volume}', True), ('{namespace}_-{pod}_{volume}', False)])
def test_what_joins_names_ambiguously(part, expected):
    assert driver.is_ambiguous(part) is expected


@pytest.mark.parametrize(('one', 'other', 'expected'), [('a', 'a', True), ('a', 'a/b', True), ('a/b', 'a', True), ('a', 'ab', False), ('a/b', 'a/c', False)])
def test_overlap(one, other, expected):
    assert driver.overlap(one, other) is expected


def test_a_pod_is_gone_only_if_the_kubelets_pods_are_there(tmp_path):
    record = {'mount_dir': f'{tmp_path}/pods/u1/volumes/a~b/c', 'pods_on': '/disk'}
    assert not driver.pod_is_gone(record)
    (tmp_path / 'pods').mkdir()
    found = driver.whereabouts(str(tmp_path / 'pods'))
    assert driver.pod_is_gone(dict(record, pods_on=found['pods_on'], pods='from before the kubelet was reset'))
    # A kubelet in a container sees other mounts, but the same directory.
    assert driver.pod_is_gone(dict(record, pods=found['pods']))
    with pytest.raises(driver.Refused, match=r'/pods: it lies on .*, but lay on /disk when the volume was mounted'):
        driver.pod_is_gone(record)
    (tmp_path / 'pods/u1').mkdir()
    assert not driver.pod_is_gone(record)


@pytest.mark.parametrize(('path', 'expected'), [('/', '/'), ('/proc', '/proc'), ('/proc/self/task', '/proc')])
def test_a_mount_point_is_found_from_within(path, expected):
    before = len(os.listdir('/proc/self/fd'))
    assert driver.whereabouts(path)['pods_on'] == expected
    assert len(os.listdir('/proc/self/fd')) == before


NOW = driver.CLOCK_IS_SET + 1000


@pytest.mark.parametrize(('ended', 'now', 'expected'), [
    (NOW - 10, NOW, NOW - 10), (5, NOW, NOW), (NOW + 3600, NOW, NOW), (NOW - 10, 100, NOW - 10), (50, 100, 50)])
def test_a_wrong_clock_ends_no_volume_long_ago(ended, now, expected):
    assert driver.end_of({'mount_dir': '/nowhere/pods/u1/volumes/a~b/c', 'ended': ended}, now) == expected


@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOENT, errno.ELOOP, errno.EIO])
def test_explain_says_where_what_and_what_to_do(code):
    text = driver.explain(OSError(code, os.strerror(code)), '/base')
    assert text.startswith('/base: ' + os.strerror(code) + ': ')
    assert text.endswith('.')


def test_an_error_of_the_drivers_own_is_still_an_answer(monkeypatch):
    monkeypatch.setitem(driver.CALLOUTS, 'init', lambda facts: 1 // 0)
    answer = driver.answer('init', [], {})
    assert answer['status'] == 'Failure'
    assert 'ZeroDivisionError in line' in answer['message']
