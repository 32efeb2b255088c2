"""What deleting means for the versions of one key, decided without SQL.

The versions of a key are a stack, the newest on top. A request may name a key several times, so
its deletions are applied one after the other to what is known of the stack; only then does
:mod:`.deletion` write down what has changed, for all keys at once.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
"""

from __future__ import annotations

from enum import Enum, auto

from attrs import frozen

from ..values import NULL_VERSION_ID, Versioning
from .conditions import check_if_match


class Place(Enum):
    """Where a version stands in the database."""

    CURRENT = auto()  # in the table object
    OTHER = auto()  # in the table object_version
    NOWHERE = auto()  # it is a delete marker that is to be


@frozen
class Known:
    """One version of a stack."""

    version_id: str
    order: int
    etag: str
    is_delete_marker: bool
    place: Place


@frozen
class DeleteOne:
    """An object, or one version of it, that is to go.

    Attributes:
        version_id: None for an ordinary delete, which leaves a delete marker where versioning is
            or was enabled.
        new_version_id: the id of that marker where versioning is enabled.
        if_match: delete only if the current version's ETag (without quotes) is this one, or if
            there is a current version at all for ``*``.
    """

    key: str
    version_id: str | None
    new_version_id: str
    if_match: str | None = None


@frozen
class DeleteResult:
    """What became of a deletion.

    Attributes:
        version_id: the version or marker that was removed, or the marker that was made; None in
            a bucket that never had versioning.
        is_delete_marker: whether that version is a delete marker.
    """

    version_id: str | None
    is_delete_marker: bool


def apply_deletion(
    stack: list[Known], versioning: Versioning, command: DeleteOne, now_ms: int
) -> DeleteResult:
    """Change a stack as the command says.

    Args:
        stack: versions of the command's key, the newest first: the newest one, and those that
            this and later commands can touch.
        versioning: the bucket's.
        command: what to delete.
        now_ms: the time of a new delete marker, unless the stack has a later one.

    Raises:
        S3Error: ``NoSuchKey`` or ``PreconditionFailed`` for ``if_match``; nothing has changed.
    """
    is_there = bool(stack) and not stack[0].is_delete_marker
    check_if_match(command.if_match, stack[0].etag if is_there else None, command.key)
    if command.version_id is not None:
        removed = _remove(stack, command.version_id)
        return DeleteResult(command.version_id, removed is not None and removed.is_delete_marker)
    if versioning is Versioning.OFF:
        stack.clear()
        return DeleteResult(None, is_delete_marker=False)
    marker_id = command.new_version_id
    order = min(-now_ms, stack[0].order - 1) if stack else -now_ms
    if versioning is Versioning.SUSPENDED:
        marker_id = NULL_VERSION_ID
        _remove(stack, NULL_VERSION_ID)
    stack.insert(0, Known(marker_id, order, "", is_delete_marker=True, place=Place.NOWHERE))
    return DeleteResult(marker_id, is_delete_marker=True)


def _remove(stack: list[Known], version_id: str) -> Known | None:
    """Deleting a version that does not exist succeeds, as on AWS."""
    for index, version in enumerate(stack):
        if version.version_id == version_id:
            return stack.pop(index)
    return None
