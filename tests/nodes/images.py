# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two container images of a kubelet node, both of one layer: a static busybox. No registry is asked."""

import hashlib
import io
import json
import pathlib
import tarfile

ARCHIVE = 'var/lib/images.tar'
PAUSE = 'localhost/pause:1'
SHELL = 'localhost/shell:1'
APPLETS = ('cat', 'chmod', 'cp', 'date', 'echo', 'grep', 'id', 'ls', 'mkdir', 'mv', 'rm', 'sh', 'sleep', 'stat', 'sync', 'touch', 'wc')


def write(archive: pathlib.Path, busybox: pathlib.Path):
    """Write an archive, as C(docker save) makes it and C(ctr images import) reads it, with both images."""
    layer = _layer(busybox.read_bytes())
    digest = hashlib.sha256(layer).hexdigest()
    manifest = []
    with tarfile.open(archive, 'w') as tar:
        _add(tar, 'layer.tar', layer)
        for name, command in ((PAUSE, ['/bin/sleep', '2147483647']), (SHELL, ['/bin/sh'])):
            config = f'{hashlib.sha256(name.encode()).hexdigest()}.json'
            _add(tar, config, json.dumps({
                'architecture': 'amd64', 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': [f'sha256:{digest}']},
                'config': {'Entrypoint': command, 'Env': ['PATH=/bin']},
            }).encode())
            manifest.append({'Config': config, 'RepoTags': [name], 'Layers': ['layer.tar']})
        _add(tar, 'manifest.json', json.dumps(manifest).encode())


def _layer(busybox: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as tar:
        _add(tar, 'bin/busybox', busybox, 0o755)
        for applet in APPLETS:
            link = tarfile.TarInfo(f'bin/{applet}')
            link.type, link.linkname = tarfile.SYMTYPE, 'busybox'
            tar.addfile(link)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
