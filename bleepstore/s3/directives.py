"""What a copy takes from its source, and what from its request.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import S3Error
from ..values import ObjectVersion
from .object_headers import stored_headers, user_metadata
from .tagging import request_tags

_METADATA = "x-amz-metadata-directive"
_TAGGING = "x-amz-tagging-directive"
# What CopyObject may change about an object in its place.
_CHANGES = ("x-amz-storage-class", "x-amz-checksum-algorithm")

Tags = tuple[tuple[str, str], ...]


def copied_metadata(
    headers: Mapping[str, str], source: ObjectVersion
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The stored headers and the user metadata of a copy.

    Raises:
        S3Error: ``InvalidArgument``, ``MetadataTooLarge``.
    """
    if _replaces(headers, _METADATA):
        return stored_headers(headers), user_metadata(headers)
    return source.headers, source.user_metadata


def replaced_tags(headers: Mapping[str, str]) -> Tags | None:
    """The tag set that a copy gets instead of its source's; None if it keeps that.

    Raises:
        S3Error: ``InvalidArgument``, ``InvalidTag``, ``BadRequest``.
    """
    if _replaces(headers, _TAGGING):
        return request_tags(headers)
    return None


def check_changes_something(headers: Mapping[str, str]) -> None:
    """Refuse a copy of an object onto itself that would leave it as it is.

    Raises:
        S3Error: ``InvalidRequest``.
    """
    if _replaces(headers, _METADATA) or _replaces(headers, _TAGGING):
        return
    if not any(name in headers for name in _CHANGES):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself "
            "without changing the object's metadata, storage class, website redirect location "
            "or encryption attributes.",
        )


def _replaces(headers: Mapping[str, str], name: str) -> bool:
    value = headers.get(name, "COPY")
    if value not in ("COPY", "REPLACE"):
        what = "metadata" if name == _METADATA else "tagging"
        raise S3Error(
            "InvalidArgument",
            f"Unknown {what} directive.",
            ArgumentName=name,
            ArgumentValue=value,
        )
    return value == "REPLACE"
