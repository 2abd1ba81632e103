# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver's names: pods say C(vendor/driver), the plugin dir holds C(vendor~driver/driver)."""

import collections
import re

from ._outcome import NodeError

VENDOR = re.compile(r'[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?')
DRIVER = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9._-]*')
LONGEST = 100


class DriverName(collections.namedtuple('DriverName', ('vendor', 'driver'))):
    """One FlexVolume driver's name."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> 'DriverName':
        """Read C(vendor/driver); raise NodeError for anything else."""
        vendor, slash, driver = text.partition('/')
        if not (slash and VENDOR.fullmatch(vendor) and DRIVER.fullmatch(driver) and len(text) <= LONGEST):
            raise NodeError(
                f'{text!r} is no driver name: write vendor/driver, as in nodeops/dynhostpath; the vendor is a DNS name, the driver '
                f'letters, digits, ".", "-" and "_" without a leading dot, both together at most {LONGEST} characters.')
        return cls(vendor, driver)

    @property
    def directory(self) -> str:
        """The driver directory's name in the plugin dir."""
        return f'{self.vendor}~{self.driver}'

    @property
    def unit(self) -> str:
        """The name as part of a systemd unit's, escaped as systemd-escape(1) does, so that two drivers never share a unit."""
        return '-'.join(re.sub(r'[^A-Za-z0-9:_.]', lambda match: f'\\x{ord(match.group()):02x}', part) for part in self)

    def __str__(self) -> str:
        return f'{self.vendor}/{self.driver}'
