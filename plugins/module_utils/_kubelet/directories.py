# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the kubelet looks for drivers, as a directory of this node, and which directories are its own."""

import collections
import os
import re

from .._outcome import NodeError
from .._system import roots, trust
from . import config, process

PluginDir = collections.namedtuple('PluginDir', ('path', 'source', 'reason'))

UPSTREAM = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec'
DEFAULTS = {'rke2': '/var/lib/kubelet/volumeplugins', 'k0s': '/usr/libexec/k0s/kubelet-plugins/volume/exec'}


def plugin_dir(kubelet, explicit=None, root: str = '/') -> PluginDir:
    """Return the PluginDir in which the kubelet looks for drivers, as a path of this node.

    The flag wins over the drop-ins, these over the config file, that over the default (cmd/kubelet/app/server.go: flags are parsed
    again after the files were merged). Without a running kubelet its services and files under C(root) are read in the same order.
    NodeError says why it cannot be believed, where somebody else than root can change it or what names it.
    """
    found, doubt = locate(kubelet, explicit, root)
    if doubt:
        raise NodeError(doubt)
    return found


def locate(kubelet, explicit=None, root: str = '/') -> tuple:
    """Return what plugin_dir() does and, where that raises NodeError because of whom a path belongs to, why; the PluginDir is then but the best guess."""
    if explicit and not re.fullmatch('/[A-Za-z0-9/._~+-]*', explicit):
        raise NodeError(f'The plugin_dir {explicit!r} is no plain absolute path: write it from the root, of letters, digits and "/._~+-" alone.')
    found, doubt = _default(kubelet.flavour if kubelet else 'kubelet', 'the kubelet'), kubelet.doubt if kubelet else ''
    try:
        if explicit:
            found = PluginDir(explicit, 'argument', f'{explicit} was given as plugin_dir.')
        elif kubelet:
            found = _on_node(kubelet, _decide_running(kubelet))
        else:
            flavour, arguments = config.installed(root)
            found = _decide(arguments, flavour, root, f'the {flavour} that this node is set up for (none runs)')
        trust.demand(found.path, 'The plugin dir', root)
    except NodeError as error:
        doubt = doubt or str(error)
    return found, doubt


def root_dir(kubelet, root: str = '/') -> str:
    """Return the directory in which the kubelet keeps its pods; while none runs, as during its restart, of the one that this node is set up for."""
    if kubelet:
        return kubelet.root_dir
    given = config.flag(config.installed(root)[1], 'root-dir')
    return config.absolute(given.value) if given else process.ROOT_DIR


def managed(kubelet, plugin_dir: str) -> list:
    """Return the directories that the kubelet fills and cleans, where nothing of ours may lie; C(kubelet) is None where none runs."""
    directories = [root_dir(kubelet), '/var/log/pods', '/var/log/containers', plugin_dir]
    return sorted({form(path) for path in directories for form in (os.path.normpath, os.path.realpath)})


def sees(kubelet: process.Kubelet, path: str) -> bool:
    """Say whether this directory of the node is the one that the kubelet finds where it looks, in its own mount namespace."""
    if kubelet.root == '/':
        return True
    identity = roots.identity(path)
    return identity is not None and identity == roots.identity(roots.resolved(_decide_running(kubelet).path, kubelet.root))


def _decide_running(kubelet: process.Kubelet) -> PluginDir:
    return _decide(kubelet.arguments, kubelet.flavour, kubelet.root, f'the {kubelet.flavour} that runs as pid {kubelet.pid}')


def _decide(arguments: list, flavour: str, root: str, subject: str) -> PluginDir:
    """Return the PluginDir, its path as the kubelet sees it."""
    given = config.flag(arguments, 'volume-plugin-dir')
    if given:
        path = config.absolute(given.value)
        if given.origin == 'command line':
            return PluginDir(path, 'process', f'{_upper(subject)} has --volume-plugin-dir={given.value} on its command line.')
        return PluginDir(path, 'config file', f'{_upper(subject)} gets --volume-plugin-dir={given.value} from {given.origin}.')
    directory = config.flag(arguments, 'config-dir')
    for path in reversed(config.drop_ins(config.absolute(directory.value), root) if directory else []):
        named = config.setting(path, 'volumePluginDir', root)
        if named:
            return PluginDir(_relative_to(path, named.value), 'drop-in', f'{_upper(subject)} reads volumePluginDir: {named.value} in the drop-in {path}.')
    file = config.flag(arguments, 'config')
    named = config.setting(config.absolute(file.value), 'volumePluginDir', root) if file else None
    if named:
        path = _relative_to(named.origin, named.value)
        return PluginDir(path, 'config file', f'{_upper(subject)} reads volumePluginDir: {named.value} in its config file {named.origin}.')
    return _default(flavour, subject)


def _default(flavour: str, subject: str) -> PluginDir:
    path = DEFAULTS.get(flavour, UPSTREAM)
    reason = f'{_upper(subject)} is given no plugin dir, neither as a flag nor in a config file, so it uses its default, {path}.'
    if roots.mount_flags(path) & os.ST_RDONLY:
        reason += (' That lies on a read-only file system: give the kubelet --volume-plugin-dir (or volumePluginDir in its config file) '
                   'with a directory that can be written, such as /var/lib/kubelet/volumeplugins, and restart it.')
    return PluginDir(path, 'default', reason)


def _relative_to(file: str, path: str) -> str:
    """The kubelet takes a relative volumePluginDir as relative to the file that holds it (pkg/kubelet/apis/config/helpers.go)."""
    return os.path.normpath(os.path.join(os.path.dirname(file), path))


def _upper(subject: str) -> str:
    return subject[0].upper() + subject[1:]


def _on_node(kubelet: process.Kubelet, found: PluginDir) -> PluginDir:
    """Turn a path that a containerised kubelet sees into the node's, where both can be shown to be one directory."""
    if kubelet.root == '/':
        return found
    seen = roots.identity(roots.resolved(found.path, kubelet.root))
    if seen is None:
        return found._replace(reason=found.reason + ' The kubelet runs in a mount namespace of its own and sees no such directory there: '
                              'mount it into its container and restart it.')
    for path in [found.path] + roots.candidates(found.path, kubelet.pid):
        if roots.identity(path) == seen:
            return found._replace(path=path, reason=found.reason + (f' In its own mount namespace that is {path} of the node.' if path != found.path else ''))
    return found._replace(reason=found.reason + f' The kubelet runs in a mount namespace of its own, where {found.path} is another directory than '
                          "the one on the node: mount the node's directory into its container, or give plugin_dir.")
