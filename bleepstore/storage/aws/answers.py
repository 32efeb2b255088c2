"""What S3's answers say: an XML document, an object's headers, or what went wrong.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...clock import parse_http_date
from ...errors import StorageFull, UpstreamBusy, UpstreamFailed, UpstreamRefused
from ..remote.client import Answer
from ..remote.facts import length_of, tag_of
from ..remote.upstream import Standing
from .appearance import from_headers

# What an operator can do about it.
_ADVICE = {
    "AccessDenied": "check the rights that the credentials have there, and the bucket's policy",
    "AllAccessDisabled": "the account is disabled",
    "AuthorizationHeaderMalformed": "check storage.aws.region",
    "ExpiredToken": "the credentials have ended and there are no newer ones",
    "InvalidAccessKeyId": "there is no such access key; check the credentials",
    "InvalidObjectState": "the object is archived; restore it",
    "NoSuchBucket": "the bucket is gone",
    "PermanentRedirect": "check storage.aws.region and storage.aws.endpoint_url",
    "RequestTimeTooSkewed": "check this machine's clock",
    "SignatureDoesNotMatch": "check the secret key",
}
# Credentials that may be replaced by newer ones from where they came from.
_ENDED = frozenset(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"])
_OUTDATED = _ENDED | {"InvalidAccessKeyId", "InvalidToken"}
_THROTTLED = frozenset(["SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"])
_ABSENT = frozenset(["NoSuchKey", "NoSuchVersion"])


def document(answer: Answer, root: str, what: str) -> Element:
    """The document of a successful answer; its elements are found as ``{*}Name``.

    Raises:
        UpstreamFailed: it is another one.
    """
    found = _parsed(answer.body)
    if found is None or _local_name(found) != root:
        raise UpstreamFailed(f"{what}: the answer is no {root}")
    return found


def text(parent: Element, name: str) -> str:
    """The text of the first child of this name; empty if there is none."""
    return (parent.findtext(f"{{*}}{name}") or "").strip()


def error_code(answer: Answer) -> str:
    """S3's word for what went wrong, whatever the status; empty where it has none."""
    found = _parsed(answer.body) if b"Error" in answer.body[:512] else None
    return text(found, "Code") if found is not None and _local_name(found) == "Error" else ""


def hidden_error(answer: Answer) -> str:
    """What went wrong in an answer that began as a success, long before the work was done.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    code = error_code(answer) if answer.status == 200 else ""
    return f"answered 200 with the error {code}" if code else ""


def names_absent_object(answer: Answer) -> bool:
    """Whether it is the object that is not there, by S3's words; False says nothing."""
    return error_code(answer) in _ABSENT


def is_outdated(answer: Answer) -> bool:
    """Whether it is worth finding newer credentials; answers to HEAD do not say more than this."""
    code = error_code(answer)
    return code in _OUTDATED or (answer.status in (400, 403) and not answer.body)


def failure(answer: Answer, what: str) -> UpstreamFailed | StorageFull:
    """The error for an answer that is not a success.

    Args:
        what: what was asked for, for the log; without secrets.
    """
    code = error_code(answer)
    problem = f"{what}: {answer.status} {code}".rstrip()
    if code in _ADVICE:
        problem = f"{problem}: {_ADVICE[code]}"
    if answer.status == 507:
        return StorageFull(problem)
    if code in _THROTTLED:
        return UpstreamBusy(problem, 1)
    is_refused = answer.status in (401, 403) and code != "InvalidObjectState"
    return UpstreamRefused(problem) if is_refused or code in _ENDED else UpstreamFailed(problem)


def standing(name: str, headers: Mapping[str, str], what: str) -> Standing:
    """What the answer to HEAD says.

    Raises:
        UpstreamFailed: it does not say enough.
    """
    tag = tag_of(headers, what)
    modified_ms = parse_http_date(headers.get("last-modified", "")) or 0
    return Standing(name, length_of(headers, what), tag, tag, modified_ms, from_headers(headers))


def _parsed(body: bytes) -> Element | None:
    try:
        found: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return found


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
