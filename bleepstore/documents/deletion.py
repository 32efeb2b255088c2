"""The documents of DeleteObjects."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from ..errors import S3Error
from .xml import document, element, flag, optional, parse, text_of

MAX_KEYS = 1000


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
        S3Error: ``MalformedXML``, also for no key or more than 1,000.
    """
    tree = parse(body, "Delete")
    objects = tuple(
        ObjectToDelete(
            key=_exact_key(child.findtext("Key")),
            version_id=text_of(child, "VersionId") or None,
            etag=(text_of(child, "ETag") or "").strip('"') or None,
        )
        for child in tree.findall("Object")
    )
    if not 0 < len(objects) <= MAX_KEYS:
        raise S3Error("MalformedXML")
    return objects, text_of(tree, "Quiet") == "true"


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
