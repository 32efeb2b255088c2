"""Conditional requests.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..clock import parse_http_date
from ..errors import S3Error
from ..values import ObjectVersion
from .object_headers import validators

_SOURCE_PREFIX = "x-amz-copy-source-"


def check_read_conditions(headers: Mapping[str, str], version: ObjectVersion) -> None:
    """Apply the conditions of a read in the order of RFC 9110 section 13.2.2.

    Raises:
        S3Error: ``PreconditionFailed`` (412) or ``NotModified`` (304).
    """
    if "if-match" in headers:
        if not etag_matches(headers["if-match"], version.etag):
            raise S3Error("PreconditionFailed", Condition="If-Match")
    elif _is_later(version, headers.get("if-unmodified-since")):
        raise S3Error("PreconditionFailed", Condition="If-Unmodified-Since")
    if "if-none-match" in headers:
        if etag_matches(headers["if-none-match"], version.etag):
            raise _not_modified(version)
    elif _is_not_later(version, headers.get("if-modified-since")):
        raise _not_modified(version)


def check_source_conditions(headers: Mapping[str, str], version: ObjectVersion) -> None:
    """Apply the conditions of a copy on its source: those of a read, but each one fails alike.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html (the headers
    ``x-amz-copy-source-if-*`` and what they mean together)

    Raises:
        S3Error: ``PreconditionFailed``.
    """
    conditions = {
        name.removeprefix(_SOURCE_PREFIX): value
        for name, value in headers.items()
        if name.startswith(_SOURCE_PREFIX)
    }
    try:
        check_read_conditions(conditions, version)
    except S3Error as error:
        absent = "If-None-Match" if "if-none-match" in conditions else "If-Modified-Since"
        condition = error.elements.get("Condition", absent)
        raise S3Error("PreconditionFailed", Condition=f"{_SOURCE_PREFIX}{condition}") from error


def _not_modified(version: ObjectVersion) -> S3Error:
    return S3Error("NotModified", headers=tuple(validators(version)))


def range_applies(headers: Mapping[str, str], version: ObjectVersion) -> bool:
    """Whether ``If-Range`` lets the ``Range`` header count (RFC 9110 section 13.1.5)."""
    condition = headers.get("if-range")
    if condition is None:
        return True
    instant = parse_http_date(condition)
    if instant is None:
        return etag_matches(condition, version.etag)
    return instant // 1000 == version.last_modified_ms // 1000


def etag_matches(condition: str, etag: str) -> bool:
    """Whether a list of entity tags names ``etag``; quotes may be left out, as S3 allows."""
    return any(
        candidate == "*" or candidate.removeprefix("W/").strip('"') == etag
        for candidate in map(str.strip, condition.split(","))
    )


def _is_later(version: ObjectVersion, date: str | None) -> bool:
    instant = parse_http_date(date) if date else None
    return instant is not None and version.last_modified_ms // 1000 > instant // 1000


def _is_not_later(version: ObjectVersion, date: str | None) -> bool:
    instant = parse_http_date(date) if date else None
    return instant is not None and version.last_modified_ms // 1000 <= instant // 1000


def write_conditions(headers: Mapping[str, str]) -> tuple[str | None, bool]:
    """``If-Match`` and ``If-None-Match`` of a write: the ETag to find, and whether none may be.

    Raises:
        S3Error: ``NotImplemented`` for forms that S3 does not have for writes.
    """
    if_match = wanted_etag(headers)
    if_none_match = headers.get("if-none-match")
    if if_none_match not in (None, "*"):
        raise S3Error("NotImplemented", Header="If-None-Match")
    if if_match is not None and if_none_match is not None:
        raise S3Error("NotImplemented", Header="If-Match, If-None-Match")
    return if_match, if_none_match == "*"


def wanted_etag(headers: Mapping[str, str]) -> str | None:
    """The one ETag (without quotes) or ``*`` in the ``If-Match`` of a write or a deletion."""
    if_match = headers.get("if-match")
    return None if if_match is None else if_match.strip().strip('"')
