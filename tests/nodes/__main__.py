# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python3 tests/nodes): the package is this directory, so its parent must be where Python looks."""

import pathlib
import sys

if __name__ == '__main__':
    sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)
    try:
        from nodes import command_line
        sys.exit(command_line.main())
    except KeyboardInterrupt:
        sys.exit(130)
