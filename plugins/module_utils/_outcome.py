# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every concern returns, and how it refuses."""

import contextlib
import hashlib
import re
import shlex
import signal
import time


class NodeError(Exception):
    """One sentence for the user: what is wrong, where, and what to do about it."""


class Outcome:
    """What a concern changed (or, in check mode, would change) and what is true of the node afterwards.

    C(diff) holds entries as Ansible's diff mode takes them, C(facts) the keys that a module adds to its result, C(warnings) sentences for
    the user, C(undo) the functions that take the changes back, to be called last to first, C(cleanup) those that delete what undoing needs.
    """

    def __init__(self, **facts):
        self.changed = False
        self.diff = []
        self.facts = facts
        self.warnings = []
        self.undo = []
        self.cleanup = []

    def note(self, header: str, before: str, after: str):
        """Record one change of the thing that C(header) names; equal texts are no change."""
        if before == after:
            return
        self.changed = True
        self.diff.append({
            'before_header': header, 'before': _ending_in_newline(before),
            'after_header': header, 'after': _ending_in_newline(after),
        })

    def note_file(self, path: str, before: str, after: str):
        """Record one change of a text file; of one that comes or goes, size and checksum say enough."""
        if before and after:
            self.note(path, before, after)
        else:
            self.note(path, described(before), described(after))

    def include(self, other: 'Outcome'):
        """Take over what another concern did."""
        self.changed = self.changed or other.changed
        self.diff.extend(other.diff)
        self.warnings.extend(other.warnings)
        self.undo.extend(other.undo)
        self.cleanup.extend(other.cleanup)
        self.facts.update(other.facts)

    @contextlib.contextmanager
    def all_or_nothing(self):
        """Take everything back when the block fails."""
        try:
            yield
        except BaseException as error:
            failures = self.take_back()
            if failures:
                raise NodeError(f'{error} Besides, this could not be taken back: {"; ".join(failures)}') from error
            raise

    def take_back(self) -> list:
        """Undo what was changed, last to first, and return what went wrong with that."""
        failures = []
        while self.undo:
            try:
                self.undo.pop()()
            except (NodeError, OSError) as error:
                failures.append(str(error))
        return failures

    def settle(self):
        """Let the changes stand; they cannot be taken back any more, and whoever stops this now is heard only once all is tidied up."""
        self.undo.clear()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            while self.cleanup:
                self.cleanup.pop()()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def iso(moment: float) -> str:
    """Return a time in seconds since the epoch as facts state it, ISO 8601 in UTC."""
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(moment))


def plain(text) -> str:
    """Return what a node, a driver or a tenant says as one line that does nothing to a terminal but fill it."""
    return ''.join(character if character.isprintable() else '\ufffd' for character in ' '.join(str(text).split()))


def quoted(path: str) -> str:
    """Return a path as a shell takes it, for a command that a person is to type; a tilde within, as every driver directory has, needs no quotes."""
    return path if re.fullmatch('/[A-Za-z0-9/._~+-]*', path) else shlex.quote(path)


def described(text: str) -> str:
    """Return what a diff shows of a whole file, nothing for none."""
    content = text.encode('utf-8', 'surrogateescape')
    return f'size: {len(content)}\nsha256: {hashlib.sha256(content).hexdigest()}\n' if content else ''


def _ending_in_newline(text: str) -> str:
    return text if not text or text.endswith('\n') else text + '\n'
