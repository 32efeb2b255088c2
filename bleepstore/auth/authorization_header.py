"""The Authorization header's form of Signature Version 4.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html

Faults are looked for in the order in which Amazon S3 was seen to look: payload hash, date, skew,
components, credential, headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import parse_http_date
from ..errors import S3Error
from .claim import (
    MAX_SKEW_MS,
    Claim,
    check_scope_date,
    format_timestamp,
    parse_credential,
    parse_signed_headers,
    parse_timestamp,
    server_time,
)
from .payload import PAYLOAD_HEADER, check_payload_hash
from .sigv4 import ALGORITHM

UNSUPPORTED_MECHANISM = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)

_SIGNED_BY_OTHER_MEANS = frozenset(["AWS", "AWS4-ECDSA-P256-SHA256"])


def read_authorization(headers: Mapping[str, str], region: str, now_ms: int) -> Claim:
    """Read what the Authorization header claims.

    Args:
        headers: of the request, with ``authorization``.
        region: the one that this server is in.
        now_ms: the server's time.

    Raises:
        S3Error: see the messages.
    """
    components = _components(headers["authorization"])
    payload_hash = headers.get(PAYLOAD_HEADER)
    if payload_hash is None:
        raise S3Error(
            "InvalidRequest", f"Missing required header for this request: {PAYLOAD_HEADER}"
        )
    check_payload_hash(payload_hash)
    timestamp = _timestamp(headers, now_ms)
    fields = _fields(components)
    access_key, scope = parse_credential(fields["Credential"], region, _malformed)
    check_scope_date(scope, timestamp, _malformed)
    return Claim(
        access_key=access_key,
        scope=scope,
        timestamp=timestamp,
        signed_headers=parse_signed_headers(fields["SignedHeaders"], headers, _malformed),
        signature=fields["Signature"],
        payload_hash=payload_hash,
        has_token=bool(headers.get("x-amz-security-token")),
    )


def _components(authorization: str) -> str:
    """What follows the name of the algorithm."""
    scheme, space, rest = authorization.partition(" ")
    if not space:
        raise S3Error(
            "InvalidArgument",
            "Authorization header is invalid -- one and only one ' ' (space) required",
            ArgumentName="Authorization",
        )
    if scheme == ALGORITHM:
        return rest
    if scheme in _SIGNED_BY_OTHER_MEANS:
        raise S3Error("InvalidRequest", UNSUPPORTED_MECHANISM)
    raise S3Error("InvalidArgument", "Unsupported Authorization Type", ArgumentName="Authorization")


def _timestamp(headers: Mapping[str, str], now_ms: int) -> str:
    """The request's time as ``YYYYMMDDTHHMMSSZ``, from ``x-amz-date`` or else from ``Date``."""
    sent = headers.get("x-amz-date")
    if sent is not None:
        instant_ms = parse_timestamp(sent)
    else:
        sent = headers.get("date", "")
        instant_ms = parse_http_date(sent)
    if instant_ms is None:
        raise S3Error(
            "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"
        )
    if abs(instant_ms - now_ms) > MAX_SKEW_MS:
        raise S3Error(
            "RequestTimeTooSkewed",
            RequestTime=sent,
            ServerTime=server_time(now_ms),
            MaxAllowedSkewMilliseconds=str(MAX_SKEW_MS),
        )
    return format_timestamp(instant_ms)


def _fields(components: str) -> dict[str, str]:
    fields = {}
    for component in components.split(","):
        name, _, value = component.strip().partition("=")
        fields[name] = value
    if not (fields.get("Credential") and fields.get("SignedHeaders") and fields.get("Signature")):
        raise _malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and "
            "Signature."
        )
    return fields


def _malformed(detail: str, **elements: Any) -> S3Error:
    return S3Error(
        "AuthorizationHeaderMalformed",
        f"The authorization header is malformed; {detail}",
        **elements,
    )
