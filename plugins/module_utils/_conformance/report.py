# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that a FlexVolume driver is put to, and what came of each.

MUST: the kubelet refuses the driver otherwise, or a pod, its data or the node comes to harm. SHOULD: it works, but worse than it could.
"""

import collections

# callout: the shell command that repeats by hand the callout after which the check failed, secrets hidden. waived: the reason why it does not count.
Check = collections.namedtuple('Check', ('number', 'title', 'level', 'outcome', 'evidence', 'advice', 'callout', 'waived'))
Entry = collections.namedtuple('Entry', ('title', 'level', 'basic', 'advice'))

PASSED, FAILED, LEFT_OUT = 'passed', 'failed', 'left out'
MUST, SHOULD = 'MUST', 'SHOULD'

CATALOGUE = {
    101: Entry('the executable is a regular file', MUST, True, 'Put the driver at vendor~driver/driver in the plugin dir.'),
    102: Entry('the executable is no symbolic link', SHOULD, True, 'Put the file itself there: a change of the target goes unnoticed.'),
    103: Entry('the executable may be executed', MUST, True, 'Set its mode to 0755.'),
    104: Entry("the executable is root's and nobody else may write it", MUST, True, 'Set owner root and mode 0755: the kubelet runs it as root.'),
    105: Entry("the directory is a real one, root's, and nobody else may write it", MUST, True,
               'Make it a directory of root with mode 0755: the kubelet passes over symbolic links.'),
    106: Entry('directory and executable bear the name that pods use', MUST, True, 'Name the directory vendor~driver and the executable driver.'),
    107: Entry('the file system allows execution', MUST, True, 'Remount it exec, or use another plugin dir.'),
    201: Entry('init answers Success', MUST, True, 'Until it does, the kubelet does not know the driver; before 1.24 it drops its neighbours too.'),
    202: Entry('init states all five capabilities', SHOULD, True,
               'State attach, selinuxRelabel, fsGroup, requiresFSResize and supportsMetrics: the first four are true if left out.'),
    203: Entry('init gives the same answer twice', SHOULD, True, 'Make the answer a constant: the kubelet asks again after every touch.'),
    204: Entry('init writes nothing in its directory', SHOULD, True,
               'Write elsewhere: the kubelet watches the directory, and each write means one more init.'),
    205: Entry('init takes less than two seconds', SHOULD, True, 'Do nothing in init: every volume operation of the node waits for it.'),
    301: Entry('getvolumename, expandvolume and expandfs are answered', SHOULD, False,
               'Answer {"status": "Not supported"} to whatever it does not implement: the kubelet then does what is its own default.'),
    302: Entry('what it does not implement is answered Not supported', SHOULD, False,
               'Answer {"status": "Not supported"} instead of Failure: the kubelet then does what is its own default, and does not ask again.'),
    303: Entry('no callout at all is answered', SHOULD, False, 'Answer one JSON object with a status other than Success.'),
    304: Entry('mount and unmount without arguments are refused', SHOULD, False, 'Check the number of arguments before anything else.'),
    305: Entry('broken JSON is refused', SHOULD, False, 'Check the JSON before mounting.'),
    306: Entry('empty JSON is answered', SHOULD, False, 'Answer one JSON object also when every option is missing.'),
    401: Entry('a volume is mounted', MUST, True, "If the driver needs options to mount a volume, state them as the driver's options."),
    402: Entry('mount brings a volume', MUST, True,
               'Mount on the directory that the kubelet names, or fill it: whatever the pod writes in an empty one is written to the disk of the node.'),
    403: Entry('data goes through', MUST, True, 'Make the volume writable for root when kubernetes.io/readwrite is rw.'),
    404: Entry('mount again succeeds and does not stack', MUST, True,
               'Answer Success if the volume is there already: the kubelet asks after each restart where the directory is of its own file system.'),
    405: Entry('read-only is honoured', SHOULD, False,
               'Mount read-only when kubernetes.io/readwrite is ro, or answer Failure; the kubelet sees to the containers alone.'),
    406: Entry('fsGroup is honoured or left to the kubelet', SHOULD, False,
               'Give the group of kubernetes.io/mounterArgs.FsGroup write permission, or answer fsGroup true in init.'),
    407: Entry('options with odd characters are answered', SHOULD, False,
               'Read the options with a JSON parser, quote every expansion, and print the answer with one.'),
    408: Entry('options are never executed', MUST, False, 'Never pass an option to a shell: no eval, no unquoted expansion.'),
    409: Entry('options do not climb out', MUST, False, 'Refuse "..", and a slash at the beginning, in any option that becomes part of a path.'),
    410: Entry("the pod's metadata is not trusted blindly", SHOULD, False,
               "Compare kubernetes.io/pod.uid with the mount directory's path, and refuse metadata that is no name."),
    411: Entry('unmount unmounts', MUST, True, 'Unmount all that mount mounted there: until then the pod stays Terminating.'),
    412: Entry('unmount again succeeds', MUST, True, 'Answer Success if nothing is mounted there: the kubelet asks until it gets that.'),
    413: Entry('unmount of what is not there succeeds', SHOULD, False, 'Answer Success if the directory does not exist.'),
    414: Entry('the directory is empty after unmount', MUST, True,
               'Remove in unmount what mount put there, and leave nothing below the mount: the kubelet has to rmdir the directory.'),
    415: Entry('a mount that fails is not answered Success', MUST, False,
               'Look at the exit status of each tool that mount calls, and answer Failure: the pod would run, and write to the disk of the node.'),
    416: Entry('two volumes of one pod', MUST, False, "Tell volumes apart by the whole directory that the kubelet names, not by the pod's uid."),
    417: Entry('fsType and secrets are taken or refused', SHOULD, False, 'Answer Success or Failure, whatever fsType and the Secret of a volume say.'),
    418: Entry('unmount deletes nothing that others use', MUST, False,
               'Delete nothing below the directory that the kubelet names unless it is no mount point: rmdir it, or rm with --one-file-system.'),
    501: Entry('twenty volumes at once', MUST, False,
               'Keep each volume apart: no fixed name for a lock, a temporary file or a staging directory, nor the name that pods give the volume.'),
    601: Entry('getvolumename is answered', MUST, False, 'Answer Success or Not supported; the kubelet makes no use of volumeName.'),
    602: Entry('attach attaches', MUST, False, 'Answer Success and the device, or Not supported.'),
    603: Entry('isattached tells the truth', SHOULD, False, 'Answer attached true between attach and detach only, or Not supported.'),
    604: Entry('waitforattach is answered', MUST, False, 'Answer Success with device, or Not supported.'),
    605: Entry('mountdevice is answered', MUST, False, 'Mount the device on the directory that the kubelet names, or answer Not supported.'),
    606: Entry('the attached volume is mounted and unmounted', MUST, False, 'Bind the device mount, or answer Not supported and the kubelet does.'),
    607: Entry('unmountdevice unmounts', MUST, False, 'Unmount the directory that the kubelet names.'),
    608: Entry('detach detaches', MUST, False, 'Answer Success once the volume is gone from the node.'),
    609: Entry('detach again succeeds', SHOULD, False, 'Answer Success if the volume is not attached.'),
    701: Entry('the kubelet looks in this plugin dir', MUST, True, 'Deploy to the plugin dir that the running kubelet uses, or set its --volume-plugin-dir.'),
    702: Entry('the kubelet watches the plugin dir', MUST, True, 'Restart the kubelet; look in its log for inotify limits and a read-only file system.'),
    703: Entry('the kubelet watches the driver directory', SHOULD, True, 'Touch the directory; if that does not help, raise fs.inotify.max_user_watches.'),
    801: Entry('no mount is left', MUST, True, 'Undo in unmount all that mount mounted.'),
    802: Entry('no process is left', SHOULD, True, 'End in unmount what mount started, and start nothing elsewhere.'),
    803: Entry("nothing is left among the pod's volumes", MUST, True,
               'Put nothing beside the directory that the kubelet names: it takes all that lies there for a volume, and keeps the pod for ever.'),
    804: Entry('no callout writes in the driver directory', SHOULD, True, 'Keep logs and state elsewhere: each write there makes the kubelet call init again.'),
    805: Entry('nothing else is left on the node', SHOULD, True,
               'Remove in unmount what mount made: files that bear the name of a pod or volume, loop devices, units.'),
}


class Stop(Exception):
    """Why the checks that follow cannot be made."""


class Report:
    """Collects the outcome of each check that the suite holds.

    C(waive) names by their numbers the checks whose failure does not count, each with the reason. C(callout), which whoever makes callouts
    keeps up to date, is the shell command that repeats the last one.
    """

    def __init__(self, suite: str, waive: dict = None):
        self.callout = ''
        self._numbers = [number for number, entry in sorted(CATALOGUE.items()) if suite == 'full' or (
            entry.basic if suite == 'basic' else number // 100 == 6 or (entry.basic and number // 100 != 4))]
        self._waive = {int(number): reason for number, reason in (waive or {}).items()}
        self.outcomes = {}

    def passed(self, number: int, evidence: str = ''):
        """Record a success, unless the check has failed before."""
        self.outcomes.setdefault(number, (PASSED, evidence, '', '', ''))

    def failed(self, number: int, evidence: str, level: str = '', advice: str = ''):
        """Record a failure; the first one of a check is the one that is shown, but a MUST before a SHOULD.

        C(level) and C(advice) are those of the catalogue, unless what this driver did calls for others.
        """
        level = level or CATALOGUE[number].level
        if not self.has_failed(number) or (level, self.outcomes[number][3]) == (MUST, SHOULD):
            self.outcomes[number] = (FAILED, evidence, self.callout, level, advice)

    def judge(self, number: int, problem: str, evidence: str = '', advice: str = ''):
        """Record a failure if there is a problem, else a success."""
        if problem:
            self.failed(number, problem, advice=advice)
        else:
            self.passed(number, evidence)

    def has_failed(self, *numbers) -> bool:
        """Say whether one of these checks has failed."""
        return any(self.outcomes.get(number, ('',))[0] == FAILED for number in numbers)

    def leave_out(self, first: int, last: int, reason: str):
        """Record why the checks from C(first) to C(last) that have no outcome yet were not made."""
        for number in self._numbers:
            if first <= number <= last:
                self.outcomes.setdefault(number, (LEFT_OUT, reason, '', '', ''))

    def checks(self) -> list:
        """Return one Check for each number of the suite."""
        return [self._check(number) for number in self._numbers]

    def _check(self, number: int) -> Check:
        entry = CATALOGUE[number]
        outcome, evidence, callout, level, advice = self.outcomes.get(number, (LEFT_OUT, 'an earlier check stopped the run', '', '', ''))
        return Check(number, entry.title, level or entry.level, outcome, evidence, advice or entry.advice, callout, self._waive.get(number, ''))


def failures(checks: list, strict: bool = False) -> list:
    """Return the checks that a driver has to be refused for: failed MUST, and failed SHOULD if C(strict), unless waived."""
    return [check for check in checks if check.outcome == FAILED and (strict or check.level == MUST) and not check.waived]
