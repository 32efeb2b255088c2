"""Copying an object by reference, as a transaction function.

A copy is decided on what its caller has seen of the source. If that were out of date, a copy of
an object onto itself would undo a write that came in between; hence the source is looked at again
in the transaction that makes the copy.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ..errors import BlobMissing, SourceChanged
from ..interfaces import ITransaction
from ..values import ObjectVersion
from .bucket_rows import find_bucket
from .columns import tags_to_column
from .objects_write import PutObject, PutResult, put_object

_IDENTITY = "SELECT version_id, last_modified_ms, etag, tags FROM"
_CURRENT = f"{_IDENTITY} object WHERE bucket_id = ? AND key = ?"
_CURRENT_BY_ID = f"{_CURRENT} AND version_id = ?"
_OTHER_BY_ID = f"{_IDENTITY} object_version WHERE bucket_id = ? AND key = ? AND version_id = ?"


@frozen
class CopyObject:
    """A version that is to become current and shares its bytes with another one.

    Attributes:
        source_bucket: the name of the source's bucket.
        source_version_id: the version that was asked for; None if the source is to be the current
            version.
        source: the source as it was seen.
        bucket: the name of the target's bucket.
        version: the target, with segments of the source.
        if_match, if_none_match: about the target, as in
            :class:`~bleepstore.metadata.objects.PutObject`.
    """

    source_bucket: str
    source_version_id: str | None
    source: ObjectVersion
    bucket: str
    version: ObjectVersion
    if_match: str | None = None
    if_none_match: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose current versions this may change."""
        return (self.version.key,)


def copy_object(txn: ITransaction, command: CopyObject) -> PutResult:
    """See :meth:`~bleepstore.metadata.objects.Objects.copy`."""
    if _source_identity(txn, command) != _identity(command.source):
        raise SourceChanged
    target = PutObject(
        command.bucket,
        command.version,
        if_match=command.if_match,
        if_none_match=command.if_none_match,
    )
    try:
        return put_object(txn, target)
    except BlobMissing as error:  # deleted and made anew, with the same look, in the meantime
        raise SourceChanged from error


def _identity(version: ObjectVersion) -> tuple[Any, ...]:
    tags = tags_to_column(version.tags)
    return (version.version_id, version.last_modified_ms, version.etag, tags)


def _source_identity(txn: ITransaction, command: CopyObject) -> Any:
    bucket = find_bucket(txn, command.source_bucket)
    place = (bucket.id, command.source.key)
    if command.source_version_id is None:
        txn.execute(_CURRENT, place)
        return txn.fetch_one()
    for sql in (_CURRENT_BY_ID, _OTHER_BY_ID):
        txn.execute(sql, (*place, command.source_version_id))
        row = txn.fetch_one()
        if row is not None:
            return row
    return None
