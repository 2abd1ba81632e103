# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no driver directory, and makes every probe of a kubelet before 1.24 fail all the same, since it had an event (room neighbours).

Links and files, which the kubelet passes over as it starts, it probes after an event of theirs; a name that was moved away it probes for ever. For a directory
that was moved away, or removed while a process had it open, and is there anew, it knows no path any more, and makes the parent of the plugin dir of it
(fsnotify/inotify.go: Add).
"""

import os

from .._kubelet import directories, journal, process
from .._outcome import quoted
from . import neighbours


def find(kubelet, said) -> dict:
    """Return what clears each of them, a sentence by its name; C(said) are the kubelet's Words. What has changed since then fails the next probe."""
    looked_at, _doubt = directories.locate(kubelet)
    plugin_dir, began = looked_at.path, process.started(kubelet) or 0
    if not os.path.isdir(plugin_dir):
        return {}
    failing = [name for name, moment in said.failed.items() if moment == said.probed]
    found = {}
    for name in neighbours.misfits(plugin_dir):
        path = os.path.join(plugin_dir, name)
        try:
            changed = os.lstat(path).st_ctime
        except FileNotFoundError:
            continue
        unsaid = changed > began and not (said.probed and said.probed > changed + journal.MARGIN)
        if name in failing or (unsaid and not os.access(neighbours.executable(plugin_dir, name), os.X_OK)):
            found[name] = f'Delete {path}, which is no driver directory; do not move it away, since the kubelet would go on probing its name.'
    for name in failing:
        path = os.path.join(plugin_dir, name)
        if os.path.lexists(path):
            continue
        if name == os.path.basename(os.path.dirname(plugin_dir)):
            found[name] = 'Restart the kubelet, which has lost track of a directory that was moved away, or in use as it was removed.'
        elif said.probed > os.stat(plugin_dir).st_mtime + journal.MARGIN:
            # It was gone already; of what was only deleted no later probe fails.
            found[name] = f'Make a directory in the place of {path}, which was moved away, and remove it again: mkdir {quoted(path)}; rmdir {quoted(path)}'
    return found
