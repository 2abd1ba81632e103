# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark of a driver: a file beside it that says that this collection published it, and which versions."""

import os

from .._names import DriverName
from .._system import files
from .driver_files import Place, sha256_of, text_of

MODE = 0o600
CHECKSUM = 'sha256: '


def published(plugin_dir: str) -> list:
    """Return the DriverName of each driver in the plugin dir that this collection published."""
    places = [Place(plugin_dir, DriverName(*name.split('~', 1))) for name in files.names(plugin_dir) if '~' in name and not name.startswith('.')]
    return [place.name for place in places if os.path.isfile(place.mark) and os.lstat(place.mark).st_uid == 0]


def text(checksums: list) -> str:
    """Return the mark of the versions with these checksums."""
    return 'Published by the Ansible collection nodeops.flexvolume.\n' + ''.join(f'{CHECKSUM}{checksum}\n' for checksum in sorted(set(checksums)))


def read(place: Place) -> str:
    """Return the driver's mark, nothing where it has none."""
    return text_of(place.mark) if os.path.isfile(place.mark) else ''


def write(place: Place, content: str):
    """Give the driver a mark, at once, or take it away where the text is empty."""
    new = place.mark + '.new'
    files.unlink(new)
    if not content:
        files.unlink(place.mark)
        return
    files.create(new, lambda file: file.write(content.encode('utf-8', 'surrogateescape')), MODE)
    os.rename(new, place.mark)


def is_strange(place: Place) -> bool:
    """Say whether the executable is none that this collection published there: somebody, or a failing disk, has changed it since."""
    marked = [line[len(CHECKSUM):] for line in read(place).split('\n') if line.startswith(CHECKSUM)]
    return bool(marked) and os.path.exists(place.executable) and sha256_of(place.executable) not in marked
