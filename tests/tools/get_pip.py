# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test needs of get-pip.py: the pip that it asks for, put into the virtual environment that runs this."""

import runpy
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ('--no-setuptools', '--no-wheel')]
subprocess.run([sys.executable, '-m', 'ensurepip'], check=True, stdout=subprocess.DEVNULL)
sys.argv[1:] = ['install', '--quiet', *wanted]
runpy.run_module('pip', run_name='__main__', alter_sys=True)
