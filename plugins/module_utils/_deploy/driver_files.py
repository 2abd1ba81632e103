# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a driver's executable and config are to be, and where they lie in the plugin dir."""

import base64
import collections
import hashlib
import json
import os
import re
import shutil
import sys
import zlib

from .._outcome import NodeError

PREFIX = '.flexvolume-'
READ_AT_ONCE = 1 << 20


class Place(collections.namedtuple('Place', ('plugin_dir', 'name'))):
    """Where a driver and what belongs to it lie. The kubelet ignores every name that begins with a dot (flexvolume/probe.go)."""

    __slots__ = ()

    @property
    def directory(self) -> str:
        """The directory that the kubelet probes."""
        return os.path.join(self.plugin_dir, self.name.directory)

    @property
    def executable(self) -> str:
        """The file that the kubelet calls."""
        return os.path.join(self.directory, self.name.driver)

    @property
    def config(self) -> str:
        """The driver's own settings."""
        return os.path.join(self.directory, '.config.json')

    @property
    def previous(self) -> str:
        """The executable before the last replacement."""
        return os.path.join(self.directory, '.previous')

    @property
    def previous_config(self) -> str:
        """The config before the last replacement."""
        return os.path.join(self.directory, '.previous.config.json')

    @property
    def mark(self) -> str:
        """What tells a driver that this collection published from one of somebody else's."""
        return os.path.join(self.directory, '.nodeops.flexvolume')

    @property
    def cache(self) -> str:
        """Where the driver may keep what it can make anew, until the next boot."""
        return os.path.join('/run', self.name.directory)

    @property
    def staging(self) -> 'Place':
        """The same driver under a hidden directory beside its place, on the same file system, so that one rename moves it."""
        return StagingPlace(self.plugin_dir, self.name)

    @property
    def kept(self) -> 'Place':
        """Where what is replaced or withdrawn is kept until that cannot be taken back any more."""
        return Place(self.staging.directory, self.name)


class StagingPlace(Place):
    """Where a driver is built and judged before the kubelet can see it."""

    __slots__ = ()

    @property
    def directory(self) -> str:
        """The hidden directory; one run at a time holds the lock, so a fixed name will do."""
        return os.path.join(self.plugin_dir, PREFIX + self.name.directory)


class Payload:
    """What came to the node, such as a driver's executable: its bytes, or a file that holds them, or its checksum alone."""

    def __init__(self, sha256=None, content=None, path=None):
        self.content, self.path = content, path
        self.sha256 = hashlib.sha256(self.content).hexdigest() if self.content is not None else sha256 or sha256_of(path)

    @classmethod
    def sent(cls, name=None, sha256=None, content=None, path=None) -> 'Payload':
        """Return what one entry of the module's argument C(payloads) holds; a C(content) that is text is compressed by zlib, in base64."""
        return cls(sha256, zlib.decompress(base64.b64decode(content)) if isinstance(content, str) else content, path)

    @property
    def arrived(self) -> bool:
        """Whether there is more of it than its checksum."""
        return self.content is not None or self.path is not None

    @property
    def size(self) -> int:
        """Size in bytes, 0 for a checksum alone."""
        if self.content is not None:
            return len(self.content)
        return os.path.getsize(self.path) if self.path else 0

    @property
    def summary(self) -> str:
        """What a diff shows of it where there was no driver before."""
        return (f'size: {self.size}\n' if self.size else '') + f'sha256: {self.sha256}\n'

    def write(self, file):
        """Write it to an open file."""
        if self.content is not None:
            file.write(self.content)
        else:
            with open(self.path, 'rb') as source:
                shutil.copyfileobj(source, file, READ_AT_ONCE)

    def __str__(self) -> str:
        return readable(self.content, self.sha256)


def payloads(drivers: list, sent: list) -> dict:
    """Return a Payload for each driver that names a source; C(sent) is what the action plugin put into the module's arguments."""
    arrived = {entry['name']: Payload.sent(**entry) for entry in sent}
    found = {}
    for driver in drivers:
        name = driver['name']
        if driver['state'] != 'present' or not driver['src']:
            continue
        if driver['remote_src']:
            found[name] = _on_the_node(driver['src'], name)
        elif str(name) in arrived:
            found[name] = _for_this_node(arrived[str(name)])
        else:
            raise NodeError(f'The driver {name} came without its src {driver["src"]}: run the module through its action plugin, by its full name.')
    return found


def _on_the_node(src: str, name) -> Payload:
    if not os.path.isabs(src) or not os.path.isfile(src):
        raise NodeError(f'The src {src} of the driver {name} is no file on this node: remote_src wants the absolute path of one.')
    return Payload(path=src)


def _for_this_node(payload: Payload) -> Payload:
    return payload if payload.content is None else Payload(content=with_interpreter(payload.content))


def with_interpreter(content: bytes) -> bytes:
    """Give a Python script the interpreter that runs this module where its own is missing on the node, as on RHEL 8 without python3."""
    match = re.match(rb'#! ?(/\S*/env +)?(\S*python3?)((?: [^\n]*)?)\n', content)
    if not match or shutil.which(match.group(2).decode('utf-8', 'replace')):
        return content
    return b'#!' + sys.executable.encode() + match.group(3) + b'\n' + content[match.end():]


def config_text(config) -> str:
    """Return what the config file holds, or nothing where there is to be none."""
    return json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + '\n' if config is not None else ''


def sha256_of(path: str) -> str:
    """Return a file's checksum in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as source:
        for block in iter(lambda: source.read(READ_AT_ONCE), b''):
            digest.update(block)
    return digest.hexdigest()


def text_of(path: str) -> str:
    """Return a small text file's content, or nothing where there is no file."""
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as source:
            return source.read()
    except FileNotFoundError:
        return ''


def readable(content, sha256: str) -> str:
    """Return an executable as a diff can show it: a script's text, else its checksum."""
    if content is None or b'\0' in content or len(content) > READ_AT_ONCE:
        return f'sha256: {sha256}\n'
    return content.decode('utf-8', 'replace')
