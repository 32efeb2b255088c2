"""What Azure's answers say: an object's properties, or what went wrong.

https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from ...clock import parse_http_date
from ...errors import (
    BlobChanged,
    BlobMissing,
    RangeRefused,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamRefused,
)
from ..remote.client import Answer
from ..remote.facts import length_of, tag_of
from ..remote.upstream import Standing
from .appearance import from_headers

_BUSY = frozenset(["ServerBusy", "OperationTimedOut", "TooManyRequests"])
# What an operator can do about it.
_ADVICE = {
    "AuthenticationFailed": "check the key, the end of the SAS, and this machine's clock",
    "AuthorizationFailure": "check the firewall of the account, and what the SAS is for",
    "AuthorizationPermissionMismatch": "the SAS needs the permissions racwdl, an identity the role "
    "Storage Blob Data Contributor",
    "AuthorizationProtocolMismatch": "the SAS does not allow http",
    "AuthorizationSourceIPMismatch": "the SAS does not allow this machine's address",
    "InsufficientAccountPermissions": "the SAS or the identity lacks a right",
    "InvalidAuthenticationInfo": "check that the identity belongs to the account's directory",
    "KeyBasedAuthenticationNotPermitted": "the account accepts no keys; use an identity",
    "AccountIsDisabled": "the account is disabled",
    "BlobArchived": "it has been moved to the archive tier; rehydrate it",
    "BlobBeingRehydrated": "it is on its way out of the archive tier",
    "BlobImmutableDueToPolicy": "a policy of the container keeps it from being changed",
    "ContainerNotFound": "the container is gone",
    "ContainerBeingDeleted": "the container is being deleted",
    "InvalidBlobOrBlock": "somebody else's unfinished upload to the same name is in the way, for a "
    "week at most",
    "LeaseIdMissing": "somebody holds a lease on it",
}
_CONDITIONS = frozenset(["ConditionNotMet", "SourceConditionNotMet"])
_ABSENT = frozenset(["BlobNotFound", "CannotVerifyCopySource", "ResourceNotFound"])


def code_of(headers: Mapping[str, str]) -> str:
    """Azure's word for what went wrong; empty where it has none."""
    return headers.get("x-ms-error-code", "")


def is_absent(answer: Answer) -> bool:
    """Whether there is no such blob; a 404 without a code is not Azure's word on it."""
    return answer.status == 404 and code_of(answer.headers) in _ABSENT


def failure(answer: Answer, what: str) -> UpstreamFailed:
    """The error for an answer that is not a success.

    Args:
        what: what was asked for, for the log; without secrets.
    """
    code = code_of(answer.headers)
    problem = f"{what}: {answer.status} {code}".rstrip()
    if code in _ADVICE:
        problem = f"{problem}: {_ADVICE[code]}"
    if answer.status in (401, 403):
        return UpstreamRefused(problem)
    if code in _BUSY:
        return UpstreamBusy(problem, 1)
    return UpstreamFailed(problem)


def failure_of_blob(answer: Answer, what: str, name: str) -> UpstreamFailed | BlobMissing:
    """The error for a request that needs a blob in a certain state."""
    code = code_of(answer.headers)
    if answer.status == 412 and code in (*_CONDITIONS, ""):
        return BlobChanged(name)
    if is_absent(answer):
        return BlobMissing(name)
    if answer.status == 416:
        return RangeRefused(f"{what}: 416 {code}".rstrip())
    return failure(answer, what)


def tag_of_written(answer: Answer, what: str) -> str:
    """The tag of the object that a request has made."""
    if answer.status != 201:
        raise failure(answer, what)
    return tag_of(answer.headers, what)


def standing(name: str, headers: Mapping[str, str], what: str) -> Standing:
    """What the answer to Get Blob Properties says.

    Raises:
        UpstreamFailed: it does not say enough.
    """
    tag = tag_of(headers, what)
    return Standing(
        name,
        length_of(headers, what),
        tag,
        etag(headers.get("content-md5", ""), tag),
        parse_http_date(headers.get("last-modified", "")) or 0,
        from_headers(headers),
    )


def etag(content_md5: str, tag: str) -> str:
    """What S3 clients are shown: the MD5 where Azure knows it, or else what none can be.

    A hyphen tells a client not to hold it against the bytes, as with multipart uploads.
    """
    md5 = md5_hex(content_md5)
    return md5 or f"{hashlib.md5(tag.encode(), usedforsecurity=False).hexdigest()}-1"


def md5_hex(content_md5: str) -> str:
    """A ``Content-MD5`` in hexadecimal; empty if it is none."""
    try:
        digest = base64.b64decode(content_md5, validate=True)
    except binascii.Error:
        return ""
    return digest.hex() if len(digest) == 16 else ""
