# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the Secret that a volume names (flexVolume.secretRef), as the kubelet hands it to a driver, and kept out of results."""

import base64
import json
import re

from ._outcome import NodeError

PREFIX = 'kubernetes.io/secret/'
HIDDEN = '********'
# Parameters that nobody is shown, an executable for its length.
PRIVATE = ('config', 'secrets', 'content')
TELLING = re.compile('pass|secret|token|credential|private|api_?-?key|access_?-?key', re.IGNORECASE)
# What results hold of names from the list and of verdicts, which others compute with: a secret such as "pass" must not change them.
OUR_OWN = ('name', 'title', 'outcome', 'level', 'status', 'awaited', 'published', 'withdrawn', 'path', 'executable')


def with_secrets(options: dict, secrets: dict) -> dict:
    """Return a volume's options with the secrets added in base64, as the kubelet does (kubernetes: pkg/volume/flexvolume/util.go)."""
    refuse_open(options)
    return dict(options, **{PREFIX + key: encoded(value) for key, value in secrets.items()})


def refuse_open(options: dict):
    """Raise NodeError where a secret stands among the options, which are logged."""
    for key in options:
        if key.startswith(PREFIX):
            raise NodeError(f'The option {key} is a secret, and options are logged: put {key[len(PREFIX):]} and its value, not encoded, into secrets.')


def words(parameters: dict) -> list:
    """Return every text that no result may show, the longest first: secrets as they are and as a driver may repeat them.

    Of a driver's config these are the values whose keys tell of a secret, such as C(password); it may have any keys, and a driver that could
    name no path or number would help nobody.
    """
    found = set()
    for holder in [parameters] + [driver for driver in parameters.get('drivers') or [] if isinstance(driver, dict)]:
        for value in list(_texts(holder.get('secrets'))) + list(_telling(holder.get('config'))):
            text = value.strip()
            # The empty text stands everywhere, and white space nearly so.
            found.update((text, json.dumps(text)[1:-1], repr(text)[1:-1], encoded(text), encoded(value)) if text else ())
    return sorted(found, key=len, reverse=True)


def masked(value, hidden: list, key: str = ''):
    """Return the value with the C(hidden) texts masked wherever a driver may have repeated one, which is in no name and no verdict."""
    if isinstance(value, dict):
        return {name: masked(item, hidden, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item, hidden, key) for item in value]
    if isinstance(value, str) and key not in OUR_OWN:
        for text in hidden:
            value = value.replace(text, HIDDEN)
    return value


def shown(parameters, key: str = ''):
    """Return a module's parameters as logs and results may show them: of what is private the keys alone."""
    if key in PRIVATE and parameters:
        return dict.fromkeys(parameters, HIDDEN) if isinstance(parameters, dict) else HIDDEN
    if isinstance(parameters, dict):
        return {name: shown(value, name) for name, value in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        return [shown(value, key) for value in parameters]
    # A list of drivers in a text of JSON.
    return HIDDEN if key == 'drivers' and isinstance(parameters, str) else parameters


def differences(before: str, after: str) -> tuple:
    """Return what a diff shows of two config files: their keys, and of which the value differs, but no value."""
    old, new = _settings(before), _settings(after)
    changed = {key for key in old if key in new and old[key] != new[key]}
    was = ''.join(f'{key}: {HIDDEN}\n' for key in sorted(old))
    is_to_be = ''.join(f'{key}: {HIDDEN}{" (changed)" if key in changed else ""}\n' for key in sorted(new))
    return was, is_to_be + ('(written anew)\n' if was == is_to_be and before != after else '')


def _settings(text: str) -> dict:
    try:
        settings = json.loads(text or '{}')
    except ValueError:
        settings = None
    return settings if isinstance(settings, dict) else {'(not a JSON object)': text}


def _texts(value):
    """Yield each text and number in a value, however deep."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []:
        yield from _texts(item)
    if value is not None and not isinstance(value, (dict, list, tuple, bool)):
        yield str(value)


def _telling(value):
    """Yield the texts below keys that tell of a secret."""
    for key, item in value.items() if isinstance(value, dict) else []:
        yield from _texts(item) if TELLING.search(str(key)) else _telling(item)
    for item in value if isinstance(value, (list, tuple)) else []:
        yield from _telling(item)


def encoded(value) -> str:
    """Return the value in base64."""
    return base64.b64encode(str(value).encode('utf-8', 'surrogateescape')).decode()
