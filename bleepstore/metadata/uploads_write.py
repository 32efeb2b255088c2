"""Beginning and aborting multipart uploads and adding parts to them, as transaction functions.

Whatever happens to one upload at the same time happens in some order: a part that comes after
the upload's end is refused, and no part is counted twice or lost.
"""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from ..values import Blob, Part, Upload
from . import blobs
from .bucket_rows import find_bucket
from .columns import segments_of_rows
from .upload_rows import (
    PART_COLUMNS,
    STORED_UPLOAD_COLUMNS,
    no_such_upload,
    part_to_row,
    upload_to_row,
)

_CREATE = (
    f"INSERT INTO upload (bucket_id, {STORED_UPLOAD_COLUMNS}) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_IS_UNDER_WAY = "SELECT 1 FROM upload WHERE bucket_id = ? AND key = ? AND upload_id = ?"
_PUT_PART = f"INSERT INTO part (upload_id, {PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
_REMOVE_PART = "DELETE FROM part WHERE upload_id = ? AND number = ? RETURNING segments"
_REMOVE = "DELETE FROM upload WHERE bucket_id = ? AND key = ? AND upload_id = ?"
_REMOVE_PARTS = "DELETE FROM part WHERE upload_id = ? RETURNING segments"


@frozen
class CreateUpload:
    """A bucket's name, and an upload that is to begin there."""

    bucket: str
    upload: Upload


@frozen
class PutPart:
    """A part of an upload; it takes the place of an earlier one of its number.

    Attributes:
        bucket: the bucket's name.
        blobs: new ones, each named by at least one of the part's segments; the other segments
            share blobs with object versions (a part copied from an object).
    """

    bucket: str
    key: str
    upload_id: str
    part: Part
    blobs: tuple[Blob, ...] = ()


@frozen
class AbortUpload:
    """An upload that is to end without an object, and when its bytes become garbage."""

    bucket: str
    key: str
    upload_id: str
    now_ms: int


def create_upload(txn: ITransaction, command: CreateUpload) -> None:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.create`."""
    bucket = find_bucket(txn, command.bucket)
    txn.execute(_CREATE, (bucket.id, *upload_to_row(command.upload)))


def put_part(txn: ITransaction, command: PutPart) -> None:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.put_part`."""
    bucket = find_bucket(txn, command.bucket)
    txn.execute(_IS_UNDER_WAY, (bucket.id, command.key, command.upload_id))
    if txn.fetch_one() is None:
        raise no_such_upload(command.upload_id)
    part = command.part
    blobs.refer(txn, part.segments, command.blobs)
    txn.execute(_REMOVE_PART, (command.upload_id, part.number))
    blobs.release(txn, segments_of_rows(txn.fetch_all()), part.last_modified_ms)
    txn.execute(_PUT_PART, (command.upload_id, *part_to_row(part)))


def abort_upload(txn: ITransaction, command: AbortUpload) -> None:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.abort`."""
    bucket = find_bucket(txn, command.bucket)
    txn.execute(_REMOVE, (bucket.id, command.key, command.upload_id))
    if txn.rowcount == 0:
        raise no_such_upload(command.upload_id)
    txn.execute(_REMOVE_PARTS, (command.upload_id,))
    blobs.release(txn, segments_of_rows(txn.fetch_all()), command.now_ms)
