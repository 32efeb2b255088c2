"""Writing and deleting objects, with S3's versioning and conditions, as transaction functions."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Blob, Bucket, ObjectVersion, Owner, Versioning
from . import blobs
from .bucket_rows import find_bucket, shown_version_id
from .conditions import check_if_match, check_if_none_match
from .versions import (
    Current,
    find_current,
    promote_newest,
    remove_current,
    remove_other,
    stack,
)


@frozen
class PutObject:
    """A version that is to become current.

    Attributes:
        bucket: the bucket's name.
        version: with the id that it has if versioning turns out to be enabled.
        blobs: new ones, each named by at least one of its segments; the other segments share
            blobs with other versions.
        if_match: write only if the current version's ETag (without quotes) is this one, or if
            there is a current version at all for ``*``.
        if_none_match: write only if there is no current version (``If-None-Match: *``).
    """

    bucket: str
    version: ObjectVersion
    blobs: tuple[Blob, ...] = ()
    if_match: str | None = None
    if_none_match: bool = False


@frozen
class PutResult:
    """What became of a :class:`PutObject`.

    Attributes:
        version_id: for ``x-amz-version-id``; None in a bucket that never had versioning.
        last_modified_ms: the time that the version bears.
    """

    version_id: str | None
    last_modified_ms: int


@frozen
class DeleteObject:
    """An object, or one version of it, that is to go.

    Attributes:
        bucket: the bucket's name.
        version_id: None for an ordinary delete, which leaves a delete marker where versioning is
            or was enabled.
        new_version_id: the id of that marker where versioning is enabled.
        now_ms, owner: the marker's.
        if_match: as in :class:`PutObject`; it is about the current version.
    """

    bucket: str
    key: str
    version_id: str | None
    new_version_id: str
    now_ms: int
    owner: Owner
    if_match: str | None = None


@frozen
class DeleteResult:
    """What became of a :class:`DeleteObject`.

    Attributes:
        version_id: the version or marker that was removed, or the marker that was made; None in
            a bucket that never had versioning.
        is_delete_marker: whether that version is a delete marker.
    """

    version_id: str | None
    is_delete_marker: bool


def put_object(txn: ITransaction, command: PutObject) -> PutResult:
    """See :meth:`~bleepstore.metadata.objects.Objects.put`."""
    bucket = find_bucket(txn, command.bucket)
    current = find_current(txn, bucket, command.version.key)
    current_etag = current.etag if current else None
    check_if_none_match(command.if_none_match, current_etag)
    check_if_match(command.if_match, current_etag, command.version.key)
    # Before anything is released: a copy of an object onto itself keeps its blobs.
    blobs.refer(txn, command.version.segments, command.blobs)
    stored = stack(txn, bucket, current, command.version)
    return PutResult(shown_version_id(bucket, stored.version_id), stored.last_modified_ms)


def delete_object(txn: ITransaction, command: DeleteObject) -> DeleteResult:
    """See :meth:`~bleepstore.metadata.objects.Objects.delete`."""
    bucket = find_bucket(txn, command.bucket)
    current = find_current(txn, bucket, command.key)
    check_if_match(command.if_match, current.etag if current else None, command.key)
    if command.version_id is not None:
        return _delete_version(txn, bucket, current, command, command.version_id)
    if bucket.versioning is not Versioning.OFF:
        marker = stack(txn, bucket, current, _marker(command))
        return DeleteResult(marker.version_id, is_delete_marker=True)
    if current is not None:
        removed = remove_current(txn, bucket, command.key)
        blobs.release(txn, removed.segments, command.now_ms)
    return DeleteResult(None, is_delete_marker=False)


def _delete_version(
    txn: ITransaction,
    bucket: Bucket,
    current: Current | None,
    command: DeleteObject,
    version_id: str,
) -> DeleteResult:
    """Deleting a version that does not exist succeeds, as on AWS."""
    is_current = current is not None and current.version_id == version_id
    if is_current:
        removed = remove_current(txn, bucket, command.key)
    else:
        other = remove_other(txn, bucket, command.key, version_id)
        if other is None:
            return DeleteResult(version_id, is_delete_marker=False)
        removed = other
    blobs.release(txn, removed.segments, command.now_ms)
    if is_current or current is None:
        promote_newest(txn, bucket, command.key)
    return DeleteResult(version_id, removed.is_delete_marker)


def _marker(command: DeleteObject) -> ObjectVersion:
    return ObjectVersion(
        key=command.key,
        version_id=command.new_version_id,
        last_modified_ms=command.now_ms,
        owner=command.owner,
        is_delete_marker=True,
    )
