"""Whose key a refused request has named: for the log alone, since nothing of it is proved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
_MAX_ACCESS_KEY_LENGTH = 128

_find_credential = re.compile(r"Credential=([^,\s]+)").search


def is_plausible(access_key: str) -> bool:
    """Whether this may be an access key at all."""
    return (
        0 < len(access_key) <= _MAX_ACCESS_KEY_LENGTH
        and access_key.isascii()
        and access_key.isprintable()
    )


def key_named_in_head(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """That of the Authorization header, or of a presigned URL; None if there is none to be seen.

    Args:
        query: names and values, percent-encoded.
    """
    found = _find_credential(headers.get("authorization", ""))
    if found is not None:
        return key_named_in(found[1])
    return key_named_in(unquote(query.get("X-Amz-Credential", "")))


def key_named_in(credential: str) -> str | None:
    """That of ``AKID/20130524/us-east-1/s3/aws4_request``, however wrong the rest is."""
    access_key = credential.partition("/")[0]
    return access_key if is_plausible(access_key) else None
