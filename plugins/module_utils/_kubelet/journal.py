# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kubelet itself says of drivers, where its log goes to the node's journal.

It logs each driver that it loads at verbosity 1 and above, and each probe that fails at any (kubernetes: pkg/volume/plugins.go). Where a pod's or a
driver's text gets into its log it stands quoted within a line, but for a driver's message, which may repeat an option with its line breaks
(driver-call.go: handleCmdResponse). So only lines count whose own head has the kubelet's pid and the time at which the journal got them.
"""

import collections
import os
import re
import select
import subprocess
import time

from . import process

# loaded: the driver directory's name → when it was loaded last; failed: the same for its last failing probe; probed: when the last probe was, or None;
# complete: whether nothing of that can be missing. Times are seconds since the epoch.
Words = collections.namedtuple('Words', ('loaded', 'failed', 'probed', 'complete'))
SILENCE = Words({}, {}, None, False)

# klog's head: level and date, time, thread, file and line; OpenShift's builds put a word before it. What is quoted over several lines begins with a tab.
HEAD = r'(?:\S+ )?[IWEF]\d{4} [\d:.]+ +\d+ plugins\.go:\d+\] '
OWN_HEAD = re.compile(r'(?:\S+ )?[IWEF]\d{4} \d\d:(?P<minute>\d\d):(?P<second>\d\d)\.\d+ +(?P<pid>\d+) ')
# Whatever the kubelet's time zone, it differs from UTC by a multiple of this, in seconds.
ZONE_STEP = 900
# So many seconds after it was written a line may be in the journal.
LATEST = 10
LOADED = re.compile(HEAD + r'"?Loaded volume plugin"?(?: pluginName=| )"([^"]+)"')
FAILED = re.compile(HEAD + r'"?Error dynamically probing plugins')
DIRECTORY = re.compile(r'rror creating Flexvolume plugin from directory ([^ ,/]+), skipping')
PATTERN = 'Loaded volume plugin|Error dynamically probing plugins'
# Loaded once, as the kubelet starts: these lines show that it logs what it loads, and that the journal reaches back to its start.
ITS_OWN = 'kubernetes.io~'
NUMBER = re.compile(r'\d+(\.\d+)?$')
PATIENCE = 5
# Whoever may create pods can have the kubelet complain of a thousand that cannot start, every few seconds each.
MOST_BYTES = 8 * 1024 * 1024
# A probe that began before an event was noticed says nothing of it.
MARGIN = 1.0
# The time of the boot, from which the kubelet's start is counted, is known to a second.
ROUNDED = 1


def words(kubelet) -> Words:
    """Return what the kubelet has said of loading drivers since it was started."""
    since = process.started(kubelet)
    return SILENCE if since is None else parse(*lines(kubelet, since - ROUNDED, PATTERN))


def lines(kubelet, since: float, pattern: str, patience: float = PATIENCE) -> tuple:
    """Return (the lines that match, the newest first, whether these are all): what the kubelet has said since a time in seconds since the epoch.

    They are read for at most C(patience) seconds. Each is as C(journalctl --output=short-unix) shows it.
    """
    command = ['journalctl', '--no-pager', '--quiet', '--reverse', '--output=short-unix', f'--since=@{since:.6f}', f'--grep={pattern}', '--case-sensitive=yes',
               f'_PID={kubelet.pid}']
    try:
        # run_command knows no deadline after which what was read counts.
        # pylint: disable-next=ansible-bad-function
        reader = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return [], False
    with reader.stdout as stream:  # type: ignore[union-attr]
        text, complete = _read(stream.fileno(), time.monotonic() + patience)
    if not complete:
        reader.kill()
    # journalctl ends with 1 where nothing matches.
    complete = reader.wait() in (0, 1) and complete
    own = [line for line in text.decode('utf-8', 'replace').split('\n') if _is_own(line, kubelet.pid)]
    # What is of a time to come was written before the clock was set back; how long ago, nobody knows.
    now = time.time()
    past = [line for line in own if all(moment <= now for moment, _said in spoken([line]))]
    return past, complete and past == own


def _is_own(line: str, pid: int) -> bool:
    """Say whether a line is what the kubelet itself wrote, and not a line of what it repeats."""
    for moment, said in spoken([line]):
        head = OWN_HEAD.match(said)
        if head and int(head.group('pid')) == pid:
            written = int(head.group('minute')) * 60 + int(head.group('second'))
            return (moment - written + 1) % ZONE_STEP <= LATEST
    return False


def spoken(shown: list) -> list:
    """Read lines as C(journalctl --output=short-unix) shows them, TIME HOST IDENTIFIER[PID]: what the kubelet said; return (time, what was said)."""
    parts = [line.split(' ', 3) for line in shown]
    return [(float(part[0]), part[3]) for part in parts if len(part) == 4 and NUMBER.match(part[0])]


def parse(shown: list, whole: bool = True) -> Words:
    """Return the Words in lines of the journal."""
    loaded, failed, began = {}, {}, False
    for moment, said in spoken(shown):
        driver = LOADED.match(said)
        names = [driver.group(1).replace('/', '~')] if driver else DIRECTORY.findall(said) if FAILED.match(said) else []
        for name in names:
            if name.startswith(ITS_OWN):
                began = True
                continue
            found = loaded if driver else failed
            found[name] = max(found.get(name, 0), moment)
    return Words(loaded, failed, max([*loaded.values(), *failed.values()], default=None), began and whole)


def registered(said: Words, directory_name: str, since: float):
    """Say whether the kubelet knows a driver that is there since C(since): True, False, or None where it has not said.

    A probe that came later and loaded others, or failed, did not load this one: before 1.24 it threw its result away (kubernetes/kubernetes#106703).
    """
    if directory_name in said.loaded and said.loaded[directory_name] >= since:
        return True
    if not said.complete or said.probed is None or said.probed < since + MARGIN:
        return None
    return False


def _read(descriptor: int, deadline: float) -> tuple:
    """Return (bytes, whether that was all), at most some MOST_BYTES of it."""
    output = bytearray()
    while len(output) < MOST_BYTES and select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return bytes(output), True
        output += chunk
    return bytes(output), False
