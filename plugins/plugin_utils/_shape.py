# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a node answered has the shape of our modules' results: one that somebody else has taken answers what it likes, and is to spoil no other's."""

from __future__ import annotations

import datetime
import re


def fits(value, shape) -> bool:
    """Say whether a value is of a shape: a type, a pattern, a function, a tuple of alternatives, [that of each item], or {key: that of what it has to hold}."""
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(item, shape[0]) for item in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(key in value and fits(value[key], one) for key, one in shape.items())
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and bool(shape.fullmatch(value))
    if isinstance(shape, type):
        return isinstance(value, shape) and isinstance(value, bool) == (shape is bool)
    return value is None if shape is None else shape(value)


def is_number(value) -> bool:
    """Say whether a value can be a count, or a time in seconds; to Python, infinity and what is no number are as well."""
    return isinstance(value, (int, float)) and 0 <= value < 1e15


def is_moment(value) -> bool:
    """Say whether a value is a time as facts state it."""
    try:
        datetime.datetime.strptime(value, '%Y-%m-%dT%H:%M:%SZ')
    except (TypeError, ValueError):
        return False
    return True
