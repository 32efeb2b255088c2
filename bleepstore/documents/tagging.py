"""Tag sets, as XML and as a header.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category
from urllib.parse import parse_qsl

from ..errors import S3Error
from .xml import document, element, parse

Tags = tuple[tuple[str, str], ...]

MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 50
_MAX_KEY = 128
_MAX_VALUE = 256
_ALLOWED_SIGNS = frozenset("+-=._:/@")


def tagging(tags: Sequence[tuple[str, str]]) -> bytes:
    """A ``Tagging`` document."""
    rows = (f"<Tag>{element('Key', key)}{element('Value', value)}</Tag>" for key, value in tags)
    return document("Tagging", ["<TagSet>", *rows, "</TagSet>"])


def parse_tagging(body: bytes, limit: int) -> Tags:
    """The tags of a ``Tagging`` document.

    Raises:
        S3Error: ``MalformedXML``, ``InvalidTag``, ``BadRequest`` for too many.
    """
    tag_set = parse(body, "Tagging").find("TagSet")
    if tag_set is None:
        raise S3Error("MalformedXML")
    pairs = [(child.findtext("Key"), child.findtext("Value")) for child in tag_set.findall("Tag")]
    if any(key is None or value is None for key, value in pairs):
        raise S3Error("MalformedXML")
    return checked_tags([(key or "", value or "") for key, value in pairs], limit)


def parse_tagging_header(text: str) -> Tags:
    """The tags of an ``x-amz-tagging`` header, ``a=1&b=2`` with percent-escapes.

    Raises:
        S3Error: ``InvalidArgument``, ``InvalidTag``, ``BadRequest`` for too many.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise _malformed_header(text) from error
    if len({key for key, _ in pairs}) != len(pairs):
        raise _malformed_header(text)
    return checked_tags(pairs, MAX_OBJECT_TAGS)


def _malformed_header(text: str) -> S3Error:
    return S3Error(
        "InvalidArgument",
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
        "parameters without tag name duplicates.",
        ArgumentName="x-amz-tagging",
        ArgumentValue=text,
    )


def checked_tags(pairs: Sequence[tuple[str, str]], limit: int) -> Tags:
    """``pairs`` if they are a valid tag set.

    Raises:
        S3Error: ``InvalidTag``, ``BadRequest``.
    """
    if len(pairs) > limit:
        what = "Object" if limit == MAX_OBJECT_TAGS else "Bucket"
        raise S3Error("BadRequest", f"{what} tags cannot be greater than {limit}")
    if len({key for key, _ in pairs}) != len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    for key, value in pairs:
        _check(key, value)
    return tuple(pairs)


def _check(key: str, value: str) -> None:
    if not 0 < len(key) <= _MAX_KEY or not _is_allowed(key):
        raise S3Error("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
    if len(value) > _MAX_VALUE or not _is_allowed(value):
        raise S3Error(
            "InvalidTag", "The TagValue you have provided is invalid", TagKey=key, TagValue=value
        )
    if key.lower().startswith("aws:"):
        raise S3Error("InvalidTag", "System tags cannot be added/updated by requester", TagKey=key)


def _is_allowed(text: str) -> bool:
    """Letters, numbers and separators of any language, and a few signs."""
    return all(letter in _ALLOWED_SIGNS or category(letter)[0] in "LNZ" for letter in text)
