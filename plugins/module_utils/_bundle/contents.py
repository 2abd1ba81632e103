# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a bundle besides code, written on the controller and read on the node."""

import hashlib
import json

PARAMETERS = 'parameters.json'


def executable_of(name: str) -> str:
    """Return where the executable of the driver C(vendor/driver) lies in the bundle."""
    return 'drivers/' + name.replace('/', '~')


class Bundle:
    """What the controller put into the zip file that C(loader) loads from."""

    def __init__(self, loader):
        with open(loader.archive, 'rb') as file:
            self.content = file.read()
        self.parameters = json.loads(loader.get_data(PARAMETERS).decode())
        self.executables = [dict(name=driver['name'], content=loader.get_data(executable_of(driver['name'])))
                            for driver in self.parameters['drivers'] if driver['bundled']]

    @property
    def sha256(self) -> str:
        """Checksum of the whole file."""
        return hashlib.sha256(self.content).hexdigest()
