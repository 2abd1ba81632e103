# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the documentation's pages that measurements write, between two comments that name them."""

import csv
import io
import pathlib
import re

RST = pathlib.Path(__file__).resolve().parents[1] / 'docs' / 'docsite' / 'rst'


def write(page: pathlib.Path, name: str, block: str):
    """Replace what stands between the comments C(begin NAME) and C(end NAME); ValueError where the page has not one such place."""
    text, count = re.subn(rf'(\.\. begin {name}\n\n).*?(\n\.\. end {name}\n)', lambda match: f'{match[1]}{block}{match[2]}',
                          page.read_text(encoding='utf-8'), flags=re.DOTALL)
    if count != 1:
        raise ValueError(f'{page} has {count} places for {name}, where there must be one.')
    page.write_text(text, encoding='utf-8')


def table(titles: list, rows: list) -> str:
    """Return a table in reStructuredText."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator='\n').writerows([titles, *rows])
    header, *body = lines.getvalue().splitlines()
    return '\n'.join(['.. csv-table::', f'   :header: {header}', '', *(f'   {line}' for line in body)]) + '\n'
