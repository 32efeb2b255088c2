"""Where the container is and who we are there, from the configuration and the environment.

https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from ...config.gateways import AzureSection
from ...config.model import is_loopback
from ...errors import ConfigError
from .access import Access, KeyAccess, SasAccess

_SECTION = "storage.azure"
# Ways to say who we are, and the environment's names for them, in the order in which they count.
_WAYS = {
    "connection_string": "AZURE_STORAGE_CONNECTION_STRING",
    "account_key": "AZURE_STORAGE_KEY",
    "sas_token": "AZURE_STORAGE_SAS_TOKEN",
}
_IDENTITY = "use_managed_identity"
# What the emulator and all libraries know: it protects nothing.
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_EMULATED_ACCOUNT = "devstoreaccount1"
_EMULATED_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@frozen
class Place:
    """Where a value came from, for errors."""

    source: str
    key: str

    def error(self, expected: str) -> ConfigError:
        return ConfigError(self.source, self.key, expected)


@frozen
class Account:
    """A container and the right to use it.

    Attributes:
        endpoint: URL of the account, without a slash at its end.
        credentials: where an operator has to look when they are not accepted.
    """

    endpoint: str
    container: str
    access: Access
    credentials: Place


@frozen
class _Given:
    """A credential: which of the ways, where it stands, and what stands there."""

    way: str
    place: Place
    secret: str = field(repr=False)


@frozen
class _Parts:
    """What is known besides; None for what is not."""

    account: str | None
    endpoint: str | None
    key: str | None = field(default=None, repr=False)
    sas: str | None = field(default=None, repr=False)


def find_account(
    section: AzureSection, environment: Mapping[str, str], identify: Callable[[], Access]
) -> Account:
    """The account that is meant.

    Args:
        identify: makes the access of the machine's identity.

    Raises:
        ConfigError: something is missing, wrong, or there twice; without the value.
    """
    if not section.container:
        raise _place("container").error("a gateway needs the name of a container")
    given = _find_secret(section, environment)
    account = section.account or environment.get("AZURE_STORAGE_ACCOUNT")
    parts = _parts(given, account)
    if section.account not in (None, parts.account):
        raise _place("account").error("it is not the account of the connection string")
    access = identify() if given.way == _IDENTITY else _access(parts, given.place)
    endpoint = _endpoint(section.endpoint_url or parts.endpoint, parts.account)
    if given.way == _IDENTITY and not _is_private(endpoint):
        raise _place("endpoint_url").error("an identity's token is sent over https only")
    return Account(endpoint, section.container, access, given.place)


def _place(name: str) -> Place:
    return Place("configuration", f"{_SECTION}.{name}")


def _find_secret(section: AzureSection, environment: Mapping[str, str]) -> _Given:
    """The one credential that is given; the configuration comes first."""
    ways = [name for name in (*_WAYS, _IDENTITY) if getattr(section, name)]
    if len(ways) > 1:
        raise _place(ways[1]).error(f"it cannot be given together with {_SECTION}.{ways[0]}")
    for way in ways:
        return _Given(way, _place(way), str(getattr(section, way)))
    for way, variable in _WAYS.items():
        if environment.get(variable):
            return _Given(way, Place("environment", variable), environment[variable])
    raise Place("configuration", _SECTION).error(
        f"one of {', '.join(_WAYS)} and {_IDENTITY} is needed, or one of "
        f"{', '.join(_WAYS.values())} in the environment"
    )


def _parts(given: _Given, account: str | None) -> _Parts:
    """What the credential says of everything else."""
    if given.way != "connection_string":
        key = given.secret if given.way == "account_key" else None
        sas = given.secret if given.way == "sas_token" else None
        return _Parts(account, None, key, sas)
    parts = _read_connection_string(given.secret, given.place)
    return evolve(parts, account=parts.account or account)


def _read_connection_string(text: str, place: Place) -> _Parts:
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    fields = {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
    if len(fields) != len(pairs) or not fields:
        raise place.error("a connection string is NAME=VALUE;NAME=VALUE…")
    if fields.get("usedevelopmentstorage", "").lower() == "true":
        host = fields.get("developmentstorageproxyuri", "http://127.0.0.1").rstrip("/")
        return _Parts(_EMULATED_ACCOUNT, f"{host}:10000/{_EMULATED_ACCOUNT}", _EMULATED_KEY)
    account = fields.get("accountname")
    endpoint = fields.get("blobendpoint")
    if endpoint is None and account is not None:
        scheme = fields.get("defaultendpointsprotocol", "https")
        suffix = fields.get("endpointsuffix", "core.windows.net")
        endpoint = f"{scheme}://{account}.blob.{suffix}"
    key, sas = fields.get("accountkey"), fields.get("sharedaccesssignature")
    if (key is None) == (sas is None):
        raise place.error("a connection string needs either AccountKey or SharedAccessSignature")
    return _Parts(account, endpoint, key, sas)


def _access(parts: _Parts, place: Place) -> Access:
    if parts.sas is not None:
        token = parts.sas.removeprefix("?")
        if "sig=" not in token or not token.isascii() or any(map(str.isspace, token)):
            raise place.error("a SAS token is a query string with a signature: sv=…&sig=…")
        return SasAccess(token)
    if not parts.account:
        raise _place("account").error("the account that the key is of is needed")
    return KeyAccess(parts.account, _decoded(parts.key or "", place))


def _decoded(key: str, place: Place) -> bytes:
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        raise place.error("an account key is base64 text, as the portal shows it")
    return decoded


def _endpoint(endpoint: str | None, account: str | None) -> str:
    if not endpoint and not account:
        raise _place("account").error("the name of the account is needed, or endpoint_url")
    endpoint = endpoint or f"https://{account}.blob.core.windows.net"
    split = urlsplit(endpoint)
    if split.scheme not in ("http", "https") or not split.hostname or split.query:
        raise _place("endpoint_url").error("a URL such as https://account.blob.core.windows.net")
    return endpoint.rstrip("/")


def _is_private(endpoint: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    split = urlsplit(endpoint)
    return split.scheme == "https" or is_loopback(split.hostname or "")
