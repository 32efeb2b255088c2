"""Files that say who we are to Google, as ``gcloud`` and the console write them.

https://google.aip.dev/auth/4112 and 4113
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ...errors import ConfigError

_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@frozen
class ServiceAccountKey:
    """The key of a service account."""

    email: str
    key_id: str
    private_key: RSAPrivateKey = field(repr=False)
    token_url: str


@frozen
class UserKey:
    """What a user has allowed a program to do: ``gcloud auth application-default login``."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    token_url: str


@frozen
class Place:
    """Where the path of a key file was given, for errors.

    Attributes:
        source, key_path: as :class:`~bleepstore.errors.ConfigError` has them.
    """

    source: str
    key_path: str

    def error(self, expected: str) -> ConfigError:
        """What to mend there."""
        return ConfigError(self.source, self.key_path, expected)


def read_key_file(path: Path, place: Place) -> ServiceAccountKey | UserKey:
    """The key in a file. Blocks.

    Raises:
        ConfigError: it cannot be read, or used.
    """
    given = _read(path, place)
    kind = given.get("type")
    try:
        if kind == "service_account":
            return _service_account(given)
        if kind == "authorized_user":
            return _user(given)
    except (KeyError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The error's own text could repeat what stands in the file.
        problem = f"of type {kind} is not complete ({type(error).__name__})"
        raise place.error(f"the key file {path} {problem}; download a new one") from None
    raise place.error(
        f"the key file {path} is of type {kind!r}, which is not supported: use the key of a "
        "service account, or run on a machine that has one"
    )


def _read(path: Path, place: Place) -> dict[str, Any]:
    try:
        given = json.loads(path.read_bytes())
    except OSError as error:
        raise place.error(f"cannot read the key file {path}: {error.strerror}") from error
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise place.error(f"{path} is not a key file: expected JSON as Google Cloud gives it out")
    return given


def _service_account(given: dict[str, Any]) -> ServiceAccountKey:
    private_key = load_pem_private_key(_text(given["private_key"]).encode(), password=None)
    if not isinstance(private_key, RSAPrivateKey):
        raise TypeError(private_key)
    return ServiceAccountKey(
        email=_text(given["client_email"]),
        key_id=_text(given.get("private_key_id", "")),
        private_key=private_key,
        token_url=_text(given.get("token_uri", _TOKEN_URL)),
    )


def _user(given: dict[str, Any]) -> UserKey:
    return UserKey(
        client_id=_text(given["client_id"]),
        client_secret=_text(given["client_secret"]),
        refresh_token=_text(given["refresh_token"]),
        token_url=_text(given.get("token_uri", _TOKEN_URL)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value
