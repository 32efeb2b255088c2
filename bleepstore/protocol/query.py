"""The query string of a request as names and values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_plus

from ..errors import S3Error

MAX_FIELDS = 200

_SEEN_AGAIN = 200  # characters: what is longer is seldom sent twice

Query = Mapping[str, str]


def parse_query(raw: bytes) -> Query:
    """Decode a raw query string; the first value of a repeated name counts.

    Raises:
        S3Error: ``InvalidURI`` for more than 200 fields or text that is not UTF-8.
    """
    if raw.count(b"&") >= MAX_FIELDS:
        raise S3Error("InvalidURI")
    query: dict[str, str] = {}
    try:
        for field in raw.decode("ascii").split("&"):
            if field:
                name, _, value = field.partition("=")
                query.setdefault(_decode(name), _decode(value))
    except ValueError as error:
        raise S3Error("InvalidURI") from error
    return query


def _decode(text: str) -> str:
    """As ``urllib.parse.parse_qsl`` does it, which takes five times as long for plain text."""
    if "%" not in text and "+" not in text:
        return text
    return _decode_seen(text) if len(text) <= _SEEN_AGAIN else unquote_plus(text, errors="strict")


# The credential in each presigned URL, and the prefix of many a listing: 10 µs less for a request.
@lru_cache(maxsize=256)
def _decode_seen(text: str) -> str:
    return unquote_plus(text, errors="strict")
