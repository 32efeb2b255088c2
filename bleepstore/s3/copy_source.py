"""Which object a copy reads, as ``x-amz-copy-source`` names it.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#API_CopyObject_RequestSyntax
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from attrs import frozen

from ..errors import S3Error
from ..values import ByteRange
from .arguments import checked_version_id

HEADER = "x-amz-copy-source"
RANGE_HEADER = "x-amz-copy-source-range"

# The largest object that CopyObject takes, and the largest part.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MAX_COPY_BYTES = 5 * 1024**3

_VERSION = "?versionId="
_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})")


@frozen
class CopySource:
    """An object, or one version of it."""

    bucket: str
    key: str
    version_id: str | None = None


def parse_copy_source(headers: Mapping[str, str]) -> CopySource:
    """The source that a request names: ``bucket/key``, percent-encoded, a slash in front or not.

    Raises:
        S3Error: ``InvalidArgument``, and ``NotImplemented`` for an access point's ARN.
    """
    text = headers[HEADER]
    path, separator, version_id = text.rpartition(_VERSION)
    if not separator:
        path, version_id = text, ""
    elif not version_id:
        raise _invalid("Version id cannot be the empty string", text)
    name = _decoded(path, text)
    if name.startswith("arn:"):
        raise S3Error("NotImplemented", "Copy sources behind access points are not supported")
    bucket, _, key = name.removeprefix("/").partition("/")
    if not bucket or not key:
        raise _invalid(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", text
        )
    return CopySource(bucket, key, checked_version_id(HEADER, version_id) if separator else None)


def _decoded(path: str, text: str) -> str:
    """A plus sign stays one: this is a path, not a form."""
    try:
        return unquote_to_bytes(path.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError as error:
        raise _invalid("Copy Source must be UTF-8, percent-encoded", text) from error


def parse_copy_range(headers: Mapping[str, str], size_bytes: int) -> ByteRange:
    """The stretch of a source of ``size_bytes`` that UploadPartCopy takes; all without a header.

    Raises:
        S3Error: ``InvalidArgument`` for what is no such range, or not within the source;
            ``InvalidRequest`` for more than a part may have.
    """
    text = headers.get(RANGE_HEADER)
    if text is None:
        stretch = ByteRange(0, size_bytes)
    else:
        match = _RANGE.fullmatch(text)
        if match is None:
            raise _invalid(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                "first and last are the zero-based offsets of the first and last bytes to copy",
                text,
                RANGE_HEADER,
            )
        first, last = int(match[1]), int(match[2])
        if not first <= last < size_bytes:
            raise _invalid(
                f"Range specified is not valid for source object of size: {size_bytes}",
                text,
                RANGE_HEADER,
            )
        stretch = ByteRange(first, last - first + 1)
    check_copy_size(stretch.length)
    return stretch


def check_copy_size(size_bytes: int) -> None:
    """Refuse a source that is too large for one copy. Raises ``S3Error("InvalidRequest")``."""
    if size_bytes > MAX_COPY_BYTES:
        raise S3Error(
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {MAX_COPY_BYTES}",
        )


def _invalid(message: str, value: str, name: str = HEADER) -> S3Error:
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
