"""The documents of DeleteObjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from ..errors import S3Error
from .xml import document, element, flag, optional, parse, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_KEYS = 1000

_DIRECTORY_BUCKETS_ONLY = ("LastModifiedTime", "Size")


@frozen
class ObjectToDelete:
    """One key, and the version of it if one is meant; ``etag`` is a condition, without quotes."""

    key: str
    version_id: str | None = None
    etag: str | None = None


@frozen
class Deleted:
    """One key that is gone; ``marker_version_id`` of the delete marker made or removed."""

    key: str
    version_id: str | None = None
    is_delete_marker: bool = False
    marker_version_id: str | None = None


@frozen
class NotDeleted:
    """One key that could not be deleted."""

    key: str
    version_id: str | None
    error: S3Error


def parse_delete(body: bytes) -> tuple[tuple[ObjectToDelete, ...], bool]:
    """The keys of a ``Delete`` document, and whether the answer shall be quiet.

    Raises:
        S3Error: ``MalformedXML``, also for no key or more than 1,000; ``NotImplemented`` for
            conditions that only directory buckets have.
    """
    tree = parse(body, "Delete")
    children = tree.findall("Object")
    if not 0 < len(children) <= MAX_KEYS:
        raise S3Error("MalformedXML")
    return tuple(map(_object, children)), text_of(tree, "Quiet") == "true"


def _object(child: Element) -> ObjectToDelete:
    for name in _DIRECTORY_BUCKETS_ONLY:
        if child.find(name) is not None:
            raise S3Error("NotImplemented", f"{name} is only for directory buckets")
    return ObjectToDelete(
        key=_exact_key(child.findtext("Key")),
        version_id=text_of(child, "VersionId") or None,
        etag=(text_of(child, "ETag") or "").strip('"') or None,
    )


def _exact_key(text: str | None) -> str:
    """A key with its white space: it is part of the name."""
    if not text:
        raise S3Error("MalformedXML")
    return text


def delete_result(outcomes: Sequence[Deleted | NotDeleted], quiet: bool) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""
    return document(
        "DeleteResult",
        [
            _error(outcome) if isinstance(outcome, NotDeleted) else _deleted(outcome)
            for outcome in outcomes
            if isinstance(outcome, NotDeleted) or not quiet
        ],
    )


def _deleted(outcome: Deleted) -> str:
    children = (
        element("Key", outcome.key),
        optional("VersionId", outcome.version_id),
        flag("DeleteMarker", True) if outcome.is_delete_marker else "",
        optional("DeleteMarkerVersionId", outcome.marker_version_id),
    )
    return f"<Deleted>{''.join(children)}</Deleted>"


def _error(outcome: NotDeleted) -> str:
    children = (
        element("Key", outcome.key),
        optional("VersionId", outcome.version_id),
        element("Code", outcome.error.code),
        element("Message", outcome.error.message),
    )
    return f"<Error>{''.join(children)}</Error>"
