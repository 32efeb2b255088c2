"""Writing objects, with S3's versioning and conditions, as a transaction function."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Blob, Bucket, ObjectVersion
from . import blobs
from .bucket_rows import find_bucket, shown_version_id
from .conditions import check_if_match, check_if_none_match
from .versions import find_current, stack


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

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose current versions this may change."""
        return (self.version.key,)

    def check(self, current_etag: str | None) -> None:
        """Decide the conditions; the ETag is that of the current version, None for no such one.

        Raises:
            S3Error: ``PreconditionFailed``; ``NoSuchKey`` for ``if_match`` without an object.
        """
        check_if_none_match(self.if_none_match, current_etag)
        check_if_match(self.if_match, current_etag, self.version.key)


@frozen
class PutResult:
    """What became of a :class:`PutObject`.

    Attributes:
        version_id: for ``x-amz-version-id``; None in a bucket that never had versioning.
        last_modified_ms: the time that the version bears.
    """

    version_id: str | None
    last_modified_ms: int


def put_object(txn: ITransaction, command: PutObject) -> PutResult:
    """See :meth:`~bleepstore.metadata.objects.Objects.put`."""
    return put_into(txn, find_bucket(txn, command.bucket), command)


def put_into(txn: ITransaction, bucket: Bucket, command: PutObject) -> PutResult:
    """The same where the bucket is known. An ``S3Error`` is raised before anything is written."""
    current = find_current(txn, bucket, command.version.key)
    command.check(current.etag if current else None)
    # Before anything is released: a copy of an object onto itself keeps its blobs.
    blobs.refer(txn, command.version.segments, command.blobs)
    stored = stack(txn, bucket, current, command.version)
    return PutResult(shown_version_id(bucket, stored.version_id), stored.last_modified_ms)
