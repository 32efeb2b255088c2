"""Request headers that ask for something which this store does not do.

Ignoring them would be worse than refusing: a client that asks for encryption must not believe
that it got it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import S3Error

_UNSUPPORTED = (
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock-",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
)
# "Requester pays" and "no lock please" ask for nothing.
_HARMLESS = {"x-amz-bucket-object-lock-enabled": "false"}


def refuse_unsupported_headers(headers: Mapping[str, str]) -> None:
    """Check a request that writes.

    Raises:
        S3Error: ``NotImplemented``, naming the header.
    """
    for name, value in headers.items():
        if name.startswith(_UNSUPPORTED) and value.lower() != _HARMLESS.get(name):
            raise S3Error("NotImplemented", Header=name)
