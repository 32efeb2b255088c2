"""What a signed request says of itself, before any of it is proved.

The Authorization header and the query of a presigned URL say the same things; what both share of
reading them is here. Codes and messages are those that Amazon S3 gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from attrs import frozen

from ..clock import amz_date, iso8601, parse_amz_date
from ..errors import S3Error
from .payload import PAYLOAD_HEADER
from .sigv4 import SERVICE, TERMINATOR, Scope

MAX_SKEW_MS = 15 * 60 * 1000

_is_date = re.compile(r"[0-9]{8}").fullmatch
# Tokens (RFC 9110 section 5.6.2) in lower case. Anything else could blur the line between the
# parts of the canonical request.
_is_header_list = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*").fullmatch

# Many requests share a second, and reading and writing a date costs as much as a signature.
parse_timestamp = lru_cache(maxsize=256)(parse_amz_date)
format_timestamp = lru_cache(maxsize=256)(amz_date)


@frozen
class Claim:
    """Who a request says it is from, and the proof that it gives.

    Attributes:
        timestamp: ``YYYYMMDDTHHMMSSZ``.
        signed_headers: lower-case names, sorted.
        payload_hash: a checked value of ``x-amz-content-sha256``.
        has_token: whether there is a session token.
    """

    access_key: str
    scope: Scope
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    payload_hash: str
    has_token: bool


class Malformed(Protocol):
    """Makes the error of a form of authentication from what is wrong with it."""

    def __call__(self, detail: str, **elements: Any) -> S3Error: ...


def parse_credential(text: str, region: str, malformed: Malformed) -> tuple[str, Scope]:
    """The access key and scope of ``AKID/20130524/us-east-1/s3/aws4_request``.

    What is wrong with it is looked for in the order that Amazon S3 does.
    """
    parts = text.split("/")
    if len(parts) != 5:
        raise malformed(
            'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/'
            'aws4_request".'
        )
    access_key, date, claimed_region, service, terminator = parts
    if not access_key:
        raise malformed("a non-empty Access Key (AKID) must be provided in the credential.")
    if not _is_date(date):
        raise malformed(
            f'incorrect date format "{date}". This date in the credential must be in the format '
            '"yyyyMMdd".'
        )
    if not claimed_region:
        raise malformed("a non-empty region must be provided in the credential.")
    if claimed_region != region:
        raise malformed(
            f"the region '{claimed_region}' is wrong; expecting '{region}'", Region=region
        )
    if service != SERVICE:
        raise malformed(f'incorrect service "{service}". This endpoint belongs to "{SERVICE}".')
    if terminator != TERMINATOR:
        raise malformed(f'incorrect terminal "{terminator}". This endpoint uses "{TERMINATOR}".')
    return access_key, Scope(date, claimed_region)


def check_scope_date(scope: Scope, timestamp: str, malformed: Malformed) -> None:
    """The key's day must be the request's."""
    if scope.date != timestamp[:8]:
        raise malformed(
            f'Invalid credential date "{scope.date}". This date is not the same as X-Amz-Date: '
            f'"{timestamp[:8]}".'
        )


def parse_signed_headers(
    text: str, headers: Mapping[str, str], malformed: Malformed
) -> tuple[str, ...]:
    """The names of the signed headers, sorted.

    Raises:
        S3Error: ``AccessDenied`` when a header that must be signed is not: ``host``,
            ``content-md5`` and each ``x-amz-*`` but ``x-amz-content-sha256``, whose value is
            signed anyway.
    """
    names = _header_names(text)
    if not names:
        raise malformed("SignedHeaders must be lower-case header names with semicolons between.")
    missing = [name for name in headers if name not in names and _must_be_signed(name)]
    if "host" not in names and "host" not in headers:
        missing.append("host")
    if missing:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(sorted(missing)),
        )
    return names


@lru_cache(maxsize=256)
def _header_names(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split(";"))) if _is_header_list(text) else ()


def server_time(instant_ms: int) -> str:
    """``2013-05-24T00:00:00Z``, as in the elements of errors about time."""
    return iso8601(instant_ms).replace(".000Z", "Z")


def _must_be_signed(name: str) -> bool:
    if name.startswith("x-amz-"):
        return name != PAYLOAD_HEADER
    return name in {"host", "content-md5"}
