# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a kubelet was told its settings: flags, KubeletConfiguration files, argument files, and the services that start it.

An argument travels with its origin, C((word, origin)), so that a setting can be traced back to the file that a person edits. A file that somebody else
than root could have written or exchanged is not read: NodeError names it.
"""

import collections
import json
import os
import re
import shlex

from .._system import systemd, trust
from .._system.roots import below, read, resolved

Setting = collections.namedtuple('Setting', ('value', 'origin'))

ASSIGNMENT = re.compile(r'''^[ \t]*(\w+)=[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\\\n]|\\.)*?))[ \t]*$''', re.MULTILINE | re.DOTALL)


def flags(arguments: list, name: str) -> list:
    """Return each Setting of the flag, in order, from C(--name=value) and C(--name value).

    pflag takes "_" for "-" in the names of the kubelet's flags (k8s.io/component-base/cli/flag, WordSepNormalizeFunc).
    """
    found = []
    for index, (word, origin) in enumerate(arguments):
        given, equals, value = word.partition('=')
        if not given.startswith('--') or given[2:].replace('_', '-') != name:
            continue
        if equals:
            found.append(Setting(value, origin))
        elif index + 1 < len(arguments):
            found.append(Setting(arguments[index + 1][0], origin))
    return found


def absolute(path: str) -> str:
    """Return the path that the kubelet means; its working directory is /."""
    return os.path.join('/', path)


def flag(arguments: list, name: str):
    """Return the flag's last Setting, the one that counts, or None."""
    return (flags(arguments, name) or [None])[-1]


def values(text: str, key: str) -> list:
    """Return what a top-level key of a YAML or JSON mapping holds: a list of strings, empty without the key.

    Reads the one key, not YAML: enough for KubeletConfiguration, whose C(volumePluginDir) is a string at the top level, and for the
    flat lists of K3s and RKE2. Scalars may be plain, quoted or folded, lists be written in block or flow style.
    """
    try:
        return _strings(json.loads(text).get(key))
    except (ValueError, AttributeError):
        pass
    found = []
    name = re.escape(key)
    value = r'(.*(?:\n(?:[ \t].*|-[ \t].*|#.*|))*)'
    for match in re.finditer(rf'''^(?:{name}|"{name}"|'{name}')[ \t]*:(?=\s|$){value}''', text, re.MULTILINE):
        found = _block(match.group(1))
    return found


def setting(path: str, key: str, root: str = '/'):
    """Return the Setting that a KubeletConfiguration file gives to a top-level string, or None."""
    found = values(_text(path, root), key)
    return Setting(found[-1], path) if found and found[-1] else None


def drop_ins(directory: str, root: str = '/', suffixes: tuple = ('.conf',)) -> list:
    """Return the directory's drop-in files in the order in which the kubelet merges them (KEP-3983: lexical, subdirectories too)."""
    found = []
    trust.demand(directory, "The directory of the kubelet's settings", root)
    top = below(root, directory)
    for parent, _directories, names in os.walk(top):
        relative = os.path.relpath(parent, top)
        found.extend(os.path.normpath(os.path.join(directory, relative, name)) for name in names if name.endswith(suffixes))
    return sorted(found, key=lambda path: path.split('/'))


def argument_file(path: str, environment: dict, root: str = '/') -> list:
    """Return the arguments in a file such as MicroK8s' C(args/kubelet): one or more a line, variables from the process's environment."""
    text = _text(path, root)
    return [(_expanded(word, environment), path) for word in _words(text)]


def rancher(distribution: str, command: list, environment: dict, root: str = '/') -> list:
    """Return the arguments that K3s or RKE2 gives to its kubelet.

    The config file and its C(config.yaml.d) come first, then the command line; a later file's key replaces an earlier one's unless it
    ends in C(+), and of two C(kubelet-arg) for the same flag the last counts (k3s: pkg/configfilearg/parser.go, pkg/daemons/agent).
    """
    chosen = flag(command, 'config')
    config = environment.get(f'{distribution.upper()}_CONFIG_FILE') or (chosen.value if chosen else f'/etc/rancher/{distribution}/config.yaml')
    given: dict = {'kubelet-arg': [], 'data-dir': []}
    for path in [config] + [name for name in drop_ins(config + '.d', root, ('.yaml', '.yml')) if os.path.dirname(name) == config + '.d']:
        text = _text(path, root)
        for key, settings in given.items():
            settings[:] = [Setting(value, path) for value in values(text, key)] or settings
            settings.extend(Setting(value, path) for value in values(text, key + '+'))
    data_dir = (given['data-dir'] + flags(command, 'data-dir') or [Setting(f'/var/lib/rancher/{distribution}', '')])[-1].value
    kubelet = given['kubelet-arg'] + flags(command, 'kubelet-arg')
    return [(f'--config-dir={data_dir}/agent/etc/kubelet.conf.d', distribution)] + [('--' + value.lstrip('-'), origin) for value, origin in kubelet]


def service(unit: str, root: str = '/') -> list:
    """Return the arguments with which systemd would start the unit, its drop-ins and environment files followed; empty without it."""
    command, environment = [], {}
    for path in _unit_files(unit, root):
        text = _text(path, root).replace('\\\n', ' ')
        for key, value in re.findall(r'^[ \t]*(ExecStart|Environment|EnvironmentFile)[ \t]*=[ \t]*(.*?)[ \t]*$', text, re.MULTILINE):
            if key == 'ExecStart':
                command = [(word, path) for word in _words(value)] if value else []
            elif key == 'Environment':
                environment.update(_assignments(_words(value), path))
            else:
                environment.update(_environment(value.lstrip('-'), root))
    return [pair for word, path in command for pair in _substituted(word, path, environment)]


def environment_file(path: str, root: str = '/') -> list:
    """Return the arguments in a file of C(NAME="--flag=value …") lines, as kubeadm writes it."""
    return [(word, path) for value, _path in _environment(path, root).values() for word in _words(value)]


def installed(root: str) -> tuple:
    """Return the flavour and the arguments of the kubelet that this node is set up for."""
    for distribution in ('rke2', 'k3s'):
        commands = [service(f'{distribution}{suffix}.service', root) for suffix in ('', '-server', '-agent')]
        command = next(filter(None, commands), [])
        if command or os.path.isdir(below(root, f'/etc/rancher/{distribution}')):
            return distribution, rancher(distribution, command, {}, root)
    for unit in ('k0sworker.service', 'k0scontroller.service'):
        command = service(unit, root)
        if command:
            extra = flag(command, 'kubelet-extra-args')
            its_own = [('--config=/var/lib/k0s/kubelet-config.yaml', unit), ('--root-dir=/var/lib/k0s/kubelet', unit)]
            return 'k0s', its_own + [(word, extra.origin) for word in (extra.value.split() if extra else [])]
    snap = '/var/snap/microk8s'
    if os.path.isfile(below(root, f'{snap}/current/args/kubelet')):
        return 'kubelite', argument_file(f'{snap}/current/args/kubelet', {'SNAP_DATA': f'{snap}/current', 'SNAP_COMMON': f'{snap}/common'}, root)
    files = ('/var/lib/kubelet/kubeadm-flags.env', '/etc/default/kubelet', '/etc/sysconfig/kubelet')
    command = service('kubelet.service', root) or [pair for path in files for pair in environment_file(path, root)]
    return 'kubelet', [('--config=/var/lib/kubelet/config.yaml', 'kubeadm')] + command


def _text(path: str, root: str) -> str:
    """Return the text of a file that only root can have written, or nothing where there is none."""
    path = absolute(path)
    trust.demand(path, "The file of the kubelet's settings", root)
    return read(resolved(path, root)) or ''


def _strings(value) -> list:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _block(text: str) -> list:
    lines = [line.strip() for line in text.split('\n') if line.strip() and not line.strip().startswith('#')]
    if lines and re.match(r'[|>][-+0-9]*(\s+#.*)?$', lines[0]):
        lines = [' '.join(lines[1:])]
    if lines and lines[0].startswith('['):
        return [_scalar(item) for item in re.findall(r'''"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,\[\]\s][^,\]]*''', ' '.join(lines))]
    return [_scalar(re.sub(r'^-\s+', '', line)) for line in lines[:1] + [line for line in lines[1:] if line.startswith('- ')]]


def _scalar(text: str) -> str:
    quoted = re.match(r'''("(?:[^"\\]|\\.)*")|'((?:[^']|'')*)\'''', text)
    if not quoted:
        plain = re.sub(r'(^|\s)#.*', '', text).strip()
        return '' if plain in ('~', 'null') else plain
    if quoted.group(1) is None:
        return quoted.group(2).replace("''", "'")
    try:
        return json.loads(quoted.group(1))
    except ValueError:
        return quoted.group(1)[1:-1]


def _words(text: str) -> list:
    text = re.sub(r'^[ \t]*[#;].*', '', text, flags=re.MULTILINE)
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _assignments(words: list, path: str) -> dict:
    return {name: (value, path) for name, equals, value in (word.partition('=') for word in words) if equals}


def _environment(path: str, root: str) -> dict:
    """Return the assignments in a file of C(EnvironmentFile=), where a value without quotes ends with its line (systemd.exec(5))."""
    found = {}
    for name, double, single, plain in ASSIGNMENT.findall(_text(path, root)):
        found[name] = (re.sub(r'\\(\n|(.))', r'\2', double or plain) or single, path)
    return found


def _substituted(word: str, path: str, environment: dict) -> list:
    """Expand $NAME standing alone into words, ${NAME} within a word into text, as systemd.service(5) has it."""
    alone = re.fullmatch(r'\$(\w+)', word)
    if alone:
        value, origin = environment.get(alone.group(1), ('', path))
        return [(part, origin) for part in _words(value)]
    return [(_expanded(word, {name: value for name, (value, _origin) in environment.items()}), path)]


def _expanded(word: str, environment: dict) -> str:
    return re.sub(r'\$\{(\w+)\}|\$(\w+)', lambda match: environment.get(match.group(1) or match.group(2), ''), word)


def _unit_files(unit: str, root: str) -> list:
    """Return the unit's file and its drop-ins in systemd's order: a later directory's file replaces one of the same name."""
    files = [path for path in (f'{directory}/{unit}' for directory in systemd.SEARCHED) if os.path.isfile(below(root, path))][:1]
    extra: dict = {}
    for searched in reversed(systemd.SEARCHED):
        directory = f'{searched}/{unit}.d'
        # On many a node others may write in /usr/local, which matters only where something of the kubelet's is there.
        if os.path.isdir(below(root, directory)):
            extra.update((os.path.basename(path), path) for path in drop_ins(directory, root))
    return files + [extra[name] for name in sorted(extra)]
