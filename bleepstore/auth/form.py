"""The form's way to authenticate: a policy in its fields, and Signature Version 4 of that policy.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..errors import S3Error
from ..values import PostedForm, Principal
from .authorization_header import UNSUPPORTED_MECHANISM
from .claim import MAX_SKEW_MS, check_scope_date, parse_credential, parse_timestamp
from .postpolicy import denied
from .presigned import MAX_EXPIRES_SECONDS
from .sigv4 import ALGORITHM, Scope

_VERSION_2_FIELDS = frozenset({"awsaccesskeyid", "signature"})
_FIELDS = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")


@frozen
class FormClaim:
    """Who a form says has signed its policy.

    Attributes:
        policy: base64, exactly as in the form; this is what the signature is over.
        has_token: whether there is a session token.
    """

    access_key: str
    scope: Scope
    policy: str
    signature: str
    has_token: bool


@frozen
class AuthenticatedForm:
    """Whom a form is from, and the form as far as its policy allows it."""

    principal: Principal
    form: PostedForm


def read_form_claim(fields: Mapping[str, str], region: str, now_ms: int) -> FormClaim | None:
    """Read what a form claims; None for a form that is nobody's.

    Args:
        fields: by lower-case name.
        region: the one that this server is in.
        now_ms: the server's time.

    Raises:
        S3Error: see the messages.
    """
    if not _VERSION_2_FIELDS.isdisjoint(fields):
        raise S3Error("InvalidRequest", UNSUPPORTED_MECHANISM)
    if all(name not in fields for name in _FIELDS):
        return None
    policy, algorithm, credential, timestamp, signature = _parameters(fields)
    if algorithm != ALGORITHM:
        raise _malformed(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    _check_time(timestamp, now_ms)
    access_key, scope = parse_credential(credential, region, _malformed_credential)
    check_scope_date(scope, timestamp, _malformed)
    return FormClaim(
        access_key=access_key,
        scope=scope,
        policy=policy,
        signature=signature,
        has_token=bool(fields.get("x-amz-security-token")),
    )


def _parameters(fields: Mapping[str, str]) -> list[str]:
    for name in _FIELDS:
        if not fields.get(name):
            raise S3Error(
                "InvalidArgument",
                f"Bucket POST must contain a field named '{name}'.  If it is specified, please "
                "check the order of the fields.",
                ArgumentName=name,
                ArgumentValue="",
            )
    return [fields[name] for name in _FIELDS]


def _check_time(timestamp: str, now_ms: int) -> None:
    """The policy's expiry counts; a signature, though, is good for a week, as everywhere else."""
    signed_ms = parse_timestamp(timestamp)
    if signed_ms is None:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if signed_ms - now_ms > MAX_SKEW_MS:
        raise S3Error("AccessDenied", "Request is not yet valid")
    if now_ms - signed_ms > MAX_EXPIRES_SECONDS * 1000:
        raise denied("Policy expired.")


def _malformed(detail: str, **elements: Any) -> S3Error:
    return S3Error("InvalidArgument", detail, **elements)


def _malformed_credential(detail: str, **elements: Any) -> S3Error:
    return _malformed(f"Error parsing the X-Amz-Credential parameter; {detail}", **elements)
