# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A /proc of one's own: processes written as files, for what reads them."""

import os

from ansible_collections.nodeops.flexvolume.plugins.module_utils._kubelet import process

OWN = {'pid': 'pid:[1]', 'mnt': 'mnt:[1]', 'user': 'user:[1]'}


class Proc:
    """A made-up /proc below a directory; C(path) is handed to the code under test."""

    def __init__(self, directory):
        self.directory = directory
        self.path = str(directory)
        self._namespaces(directory / 'self', OWN)
        (directory / 'stat').write_text('cpu 1 2 3\nbtime 1000000000\n')

    def add(self, pid, command_line, comm=None, parent=1, uid=0, started=100, environment=None, namespaces=None, cgroup='', uids=None,
            capabilities=0x1ffffffffff, program=None):
        """Write one process; C(command_line) is a list, or a text that stands for a process title, C(program) the name of the file that it runs."""
        process = self.directory / str(pid)
        self._namespaces(process, dict(OWN, **(namespaces or {})))
        words = [command_line] if isinstance(command_line, str) else command_line
        name = comm or os.path.basename(words[0])
        (process / 'comm').write_text(name + '\n')
        (process / 'cmdline').write_bytes('\0'.join(words + ['']).encode())
        (process / 'environ').write_bytes(b''.join(f'{key}={value}\0'.encode() for key, value in (environment or {}).items()))
        four = '\t'.join(str(number) for number in uids or [uid] * 4)
        (process / 'status').write_text(f'Name:\t{name}\nPPid:\t{parent}\nUid:\t{four}\nCapEff:\t{capabilities:016x}\n')
        (process / 'exe').symlink_to(self._program(program or os.path.basename(words[0].split()[0] if words[0] else name)))
        (process / 'stat').write_text(f'{pid} (a (b) c) S {parent} ' + ' '.join(['0'] * 17) + f' {started} 0 0\n')
        (process / 'cgroup').write_text(cgroup)
        (process / 'fd').mkdir()
        (process / 'fdinfo').mkdir()
        return process

    def watch(self, pid, descriptor, inodes, target='anon_inode:inotify'):
        """Give the process an inotify descriptor that watches (device, inode) pairs."""
        (self.directory / str(pid) / 'fd' / str(descriptor)).symlink_to(target)
        lines = [f'inotify wd:{number} ino:{inode:x} sdev:{os.major(device) << 20 | os.minor(device):x} mask:fc6 ignored_mask:0 fhandle-bytes:8'
                 for number, (device, inode) in enumerate(inodes, 1)]
        (self.directory / str(pid) / 'fdinfo' / str(descriptor)).write_text('\n'.join(['pos:\t0', 'flags:\t00', 'mnt_id:\t15'] + lines) + '\n')

    def _program(self, name):
        path = self.directory / 'programs' / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o755)
        return path

    @staticmethod
    def _namespaces(process, namespaces):
        (process / 'ns').mkdir(parents=True)
        for kind, target in namespaces.items():
            (process / 'ns' / kind).symlink_to(target)


def write(root, path, text):
    """Write a file of the made-up node below C(root)."""
    file = root / path.lstrip('/')
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def running(proc, root=None):
    """Return the kubelet of a made-up /proc; with C(root) its files are read below that directory, as those of a containerised kubelet are."""
    if root is not None:
        for directory in proc.directory.glob('[0-9]*'):
            (directory / 'root').symlink_to(root)
    return process.running(proc.path)


def contained(proc, pid, command_line, **others):
    return proc.add(pid, command_line, namespaces={'mnt': 'mnt:[2]'}, **others)
