"""The query form of Signature Version 4: presigned URLs.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

Faults are looked for in the order in which Amazon S3 was seen to look: algorithm, parameters,
date, expiry, credential, headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import S3Error
from .canonical import SIGNATURE_FIELD
from .claim import (
    MAX_SKEW_MS,
    Claim,
    check_scope_date,
    parse_credential,
    parse_signed_headers,
    parse_timestamp,
    server_time,
)
from .payload import PAYLOAD_HEADER, UNSIGNED_PAYLOAD, check_payload_hash
from .sigv4 import ALGORITHM

MAX_EXPIRES_SECONDS = 7 * 24 * 60 * 60

_is_number = re.compile(r"[+-]?[0-9]{1,18}").fullmatch


def read_presigned(
    query: Mapping[str, str], headers: Mapping[str, str], region: str, now_ms: int
) -> Claim:
    """Read what the query of a presigned URL claims.

    Args:
        query: names and values, percent-encoded.
        headers: of the request.
        region: the one that this server is in.
        now_ms: the server's time.

    Raises:
        S3Error: see the messages.
    """
    algorithm, credential, timestamp, expires, signed_headers, signature = _parameters(query)
    if algorithm != ALGORITHM:
        raise _malformed(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    _check_times(timestamp, expires, now_ms)
    access_key, scope = parse_credential(credential, region, _malformed_credential)
    check_scope_date(scope, timestamp, _malformed)
    return Claim(
        access_key=access_key,
        scope=scope,
        timestamp=timestamp,
        signed_headers=parse_signed_headers(signed_headers, headers, _malformed),
        signature=signature,
        payload_hash=_payload_hash(query, headers),
        has_token=bool(headers.get("x-amz-security-token") or query.get("X-Amz-Security-Token")),
    )


def _parameters(query: Mapping[str, str]) -> list[str]:
    names = (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        SIGNATURE_FIELD,
    )
    try:
        return [_decoded(query[name]) for name in names]
    except KeyError as error:
        raise _malformed(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, "
            "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
            "X-Amz-Expires parameters."
        ) from error


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _check_times(timestamp: str, expires: str, now_ms: int) -> None:
    """Whether now is between the URL's date, less the permitted skew, and its expiry."""
    signed_ms = parse_timestamp(timestamp)
    if signed_ms is None:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    expires_ms = signed_ms + _lifetime_seconds(expires) * 1000
    if signed_ms - now_ms > MAX_SKEW_MS:
        raise _untimely("Request is not yet valid", now_ms, **{"X-Amz-Date": timestamp})
    if now_ms >= expires_ms:
        raise _untimely(
            "Request has expired",
            now_ms,
            **{"X-Amz-Expires": expires, "Expires": server_time(expires_ms)},
        )


def _lifetime_seconds(expires: str) -> int:
    if not _is_number(expires):
        raise _malformed("X-Amz-Expires should be a number")
    seconds = int(expires)
    if seconds < 0:
        raise _malformed("X-Amz-Expires must be non-negative")
    if seconds > MAX_EXPIRES_SECONDS:
        raise _malformed(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {MAX_EXPIRES_SECONDS} seconds"
        )
    return seconds


def _payload_hash(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The header's value, else the query's (some SDKs move headers there), else "unsigned".

    The header counts even where it is not in the list of signed ones, as it does in Amazon S3:
    ignoring it could take the framing of a chunked body for content.
    """
    payload_hash = headers.get(PAYLOAD_HEADER)
    if payload_hash is None:
        payload_hash = _decoded(query.get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD))
    check_payload_hash(payload_hash)
    return payload_hash


def _untimely(message: str, now_ms: int, **elements: Any) -> S3Error:
    return S3Error("AccessDenied", message, **elements, ServerTime=server_time(now_ms))


def _malformed(detail: str, **elements: Any) -> S3Error:
    return S3Error("AuthorizationQueryParametersError", detail, **elements)


def _malformed_credential(detail: str, **elements: Any) -> S3Error:
    return _malformed(f"Error parsing the X-Amz-Credential parameter; {detail}", **elements)
