"""Signatures that an account key makes: of requests, and of the right to read one blob.

https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
https://learn.microsoft.com/rest/api/storageservices/create-service-sas
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from ...clock import to_datetime

VERSION = "2021-12-02"
"""The version of the REST API that every request names (``x-ms-version``)."""

# Standard headers in the order in which a signature has their values.
_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def shared_key(
    account: str,
    key: bytes,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body_bytes: int,
) -> str:
    """The ``Authorization`` header of a request.

    Args:
        key: the account's key, decoded.
        url: as it is sent.
        headers: all of them, by lower-case name, with ``x-ms-date``.
        body_bytes: length of the body; a request without a body is signed without a length.
    """
    given = {**headers, "content-length": str(body_bytes or "")}
    lines = [method, *(given.get(name, "") for name in _SIGNED)]
    own = sorted((name for name in headers if name.startswith("x-ms-")), key=_collated)
    lines += [f"{name}:{headers[name]}" for name in own]
    text = "\n".join(lines) + "\n" + _canonical_resource(account, url)
    return f"SharedKey {account}:{_sign(key, text)}"


def _collated(name: str) -> str:
    """The service sorts as Windows does: hyphens count for nothing, ``_`` comes before digits.

    So do Microsoft's libraries (``_storage_header_sort`` in azure-storage-blob); by code point,
    metadata named ``a1`` and ``a_`` would be refused.
    """
    return name.replace("-", "").replace("_", "!")


def _canonical_resource(account: str, url: str) -> str:
    """The account, the path as it is sent, and the decoded parameters in order.

    The path of an emulator begins with the account's name, which is there twice then.
    """
    parts = urlsplit(url)
    fields = sorted(field.partition("=")[::2] for field in parts.query.split("&") if field)
    parameters = (f"\n{name.lower()}:{unquote(value)}" for name, value in fields)
    return f"/{account}{parts.path}{''.join(parameters)}"


def read_token(account: str, key: bytes, container: str, name: str, expires_ms: int) -> str:
    """A service SAS, as a query string, that lets its bearer read one blob for a while.

    It has no beginning, so that clocks which differ a little do no harm.
    """
    expiry = to_datetime(expires_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
    resource = f"/blob/{account}/{container}/{name}"
    # Permissions, start, expiry, resource, policy, addresses, protocol, version, kind of
    # resource, snapshot, encryption scope, and five headers of the answer.
    lines = ["r", "", expiry, resource, "", "", "", VERSION, "b", "", "", "", "", "", "", ""]
    signature = quote(_sign(key, "\n".join(lines)), safe="")
    return f"sp=r&se={quote(expiry, safe='')}&sv={VERSION}&sr=b&sig={signature}"


def _sign(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode("ascii")
