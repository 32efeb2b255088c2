"""The rule for keys of objects.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

from __future__ import annotations

from ..errors import S3Error

MAX_KEY_BYTES = 1024


def checked_key(key: str) -> str:
    """``key`` if an object may have it.

    Raises:
        S3Error: ``KeyTooLongError``; ``InvalidURI`` for a NUL character, which PostgreSQL text
            and XML cannot hold.
    """
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError", Size=str(size), MaxSizeAllowed=str(MAX_KEY_BYTES))
    if "\0" in key:
        raise S3Error("InvalidURI")
    return key
