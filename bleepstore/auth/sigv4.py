"""The arithmetic of Signature Version 4, the same for the server and for a client.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from attrs import frozen

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"
TERMINATOR = "aws4_request"

# A key per secret, day, region and service: some thousand users and the days of presigned URLs.
_MAX_SIGNING_KEYS = 4096


@frozen
class Scope:
    """What a signing key is good for.

    Attributes:
        date: ``YYYYMMDD``, UTC.
    """

    date: str
    region: str
    service: str = SERVICE

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


@lru_cache(maxsize=_MAX_SIGNING_KEYS)
def signing_key(secret_key: str, scope: Scope) -> bytes:
    """The key that signs within a scope."""
    key = f"AWS4{secret_key}".encode()
    for part in (scope.date, scope.region, scope.service, TERMINATOR):
        key = hmac.digest(key, part.encode("utf-8", "surrogateescape"), "sha256")
    return key


def string_to_sign(timestamp: str, scope: Scope, canonical: bytes) -> bytes:
    """The text whose HMAC is the signature.

    Args:
        timestamp: ``YYYYMMDDTHHMMSSZ``, whatever form the request's date had.
        canonical: the canonical request.
    """
    digest = hashlib.sha256(canonical).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}".encode()


def signature(key: bytes, text: bytes) -> str:
    """The signature of ``text``: 64 lower-case hexadecimal digits."""
    signing = _ready_to_sign(key).copy()
    signing.update(text)
    return signing.hexdigest()


# Half the time of hmac.digest(), which also gives up the interpreter: under load, another thread takes
# it, and the way back costs ten times as much as the signature.
@lru_cache(maxsize=_MAX_SIGNING_KEYS)
def _ready_to_sign(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def is_same_signature(expected: str, received: str) -> bool:
    """Compare in a time that says nothing of where the two differ."""
    return hmac.compare_digest(expected.encode("ascii"), received.encode("utf-8", "replace"))
