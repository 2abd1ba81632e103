# Copyright: (c) 2026, The nodeops.flexvolume maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of the Secret that a volume names (flexVolume.secretRef), as the kubelet hands it to a driver, and kept out of results."""

import base64

from ._outcome import NodeError

PREFIX = 'kubernetes.io/secret/'


def with_secrets(options: dict, secrets: dict) -> dict:
    """Return a volume's options with the secrets added in base64, as the kubelet does (kubernetes: pkg/volume/flexvolume/util.go)."""
    refuse_open(options)
    return dict(options, **{PREFIX + key: encoded(value) for key, value in secrets.items()})


def refuse_open(options: dict):
    """Raise NodeError where a secret stands among the options, which are logged."""
    for key in options:
        if key.startswith(PREFIX):
            raise NodeError(f'The option {key} is a secret, and options are logged: put {key[len(PREFIX):]} and its value, not encoded, into secrets.')


def hide(module, secrets: dict):
    """Have the module hide the secrets in base64 too, should a driver repeat them; the plain ones it hides because their option is C(no_log)."""
    module.no_log_values.update(encoded(value) for value in secrets.values())


def encoded(value) -> str:
    """Return the value in base64."""
    return base64.b64encode(str(value).encode('utf-8', 'surrogateescape')).decode()
