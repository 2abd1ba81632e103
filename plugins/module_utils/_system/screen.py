# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program of its own says to a person, or into a pipe."""

# Nothing of this runs within a module.
# pylint: disable=ansible-bad-function

import os
import sys


def say(text: str):
    """Print the text; what stdout cannot hold is escaped, as on Python 3.6 in the C locale all that is not ASCII."""
    encoding = sys.stdout.encoding
    try:
        print(text.encode(encoding, 'backslashreplace').decode(encoding), flush=True)
    except BrokenPipeError:
        # Whoever reads it, as head does, has seen enough; Python is not to complain of that when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
