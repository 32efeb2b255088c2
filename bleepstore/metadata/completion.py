"""Making an object of an upload's parts, as one transaction function: no byte is copied."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from ..streams.composition import composite_etag
from ..values import Bucket, Checksum, CompletedPart, ObjectVersion, Part
from . import blobs
from .assembly import assemble, check_expectations, check_size, choose_parts
from .bucket_rows import find_bucket, shown_version_id
from .columns import checksums_to_column, column_to_checksums
from .conditions import check_if_match, check_if_none_match
from .upload_rows import PART_COLUMNS, find_upload, no_such_upload, row_to_part
from .versions import find_current, stack

MIN_PART_SIZE = 5 * 1024 * 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

_PARTS = f"SELECT {PART_COLUMNS} FROM part WHERE upload_id = ?"
_REMOVE = "DELETE FROM upload WHERE bucket_id = ? AND key = ? AND upload_id = ?"
_REMOVE_PARTS = "DELETE FROM part WHERE upload_id = ?"
_REMEMBER = (
    "INSERT INTO completed_upload "
    "(bucket_id, key, upload_id, completed_ms, version_id, etag, checksums) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_REMEMBERED = (
    "SELECT version_id, etag, checksums FROM completed_upload "
    "WHERE bucket_id = ? AND key = ? AND upload_id = ?"
)


@frozen
class CompleteUpload:
    """An upload whose parts are to become an object.

    Attributes:
        bucket: the bucket's name.
        parts: those that the object consists of; the other ones go away.
        version_id: the object's if versioning turns out to be enabled.
        now_ms: the object's time.
        if_match, if_none_match: as in :class:`~bleepstore.metadata.objects.PutObject`.
        min_part_size: what each part but the last must have, in bytes.
        expected_checksum: the whole object's, if the client gave one; its type says how it is
            made of those of the parts.
        expected_size: likewise its size in bytes.
        max_object_size: the greatest size of an object, in bytes; None for no limit.
    """

    bucket: str
    key: str
    upload_id: str
    parts: tuple[CompletedPart, ...]
    version_id: str
    now_ms: int
    if_match: str | None = None
    if_none_match: bool = False
    min_part_size: int = MIN_PART_SIZE
    expected_checksum: Checksum | None = None
    expected_size: int | None = None
    max_object_size: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose current versions this may change."""
        return (self.key,)


@frozen
class CompletedUpload:
    """What became of an upload.

    Attributes:
        version_id: for ``x-amz-version-id``; None in a bucket that never had versioning.
        etag: without quotes.
    """

    version_id: str | None
    etag: str
    checksums: tuple[Checksum, ...]


def complete_upload(txn: ITransaction, command: CompleteUpload) -> CompletedUpload:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.complete`."""
    bucket = find_bucket(txn, command.bucket)
    upload = find_upload(txn, bucket, command.key, command.upload_id)
    if upload is None:
        return _remembered(txn, bucket, command)
    stored = _stored_parts(txn, command.upload_id)
    parts = choose_parts(upload, command.parts, stored, command.min_part_size)
    version = assemble(upload, parts, command.version_id, command.now_ms)
    check_size(version, command.max_object_size)
    check_expectations(version, parts, command.expected_checksum, command.expected_size)
    completed = _stack(txn, bucket, command, version)
    chosen = {part.number for part in parts}
    left_out = [part for number, part in stored.items() if number not in chosen]
    _end(txn, bucket, command, left_out, completed)
    return completed


def _stored_parts(txn: ITransaction, upload_id: str) -> dict[int, Part]:
    txn.execute(_PARTS, (upload_id,))
    return {part.number: part for part in map(row_to_part, txn.fetch_all())}


def _stack(
    txn: ITransaction, bucket: Bucket, command: CompleteUpload, version: ObjectVersion
) -> CompletedUpload:
    """The version takes its segments over from the parts, so nothing is counted anew."""
    current = find_current(txn, bucket, command.key)
    current_etag = current.etag if current else None
    check_if_none_match(command.if_none_match, current_etag)
    check_if_match(command.if_match, current_etag, command.key)
    stored = stack(txn, bucket, current, version)
    return CompletedUpload(
        shown_version_id(bucket, stored.version_id), stored.etag, stored.checksums
    )


def _end(
    txn: ITransaction,
    bucket: Bucket,
    command: CompleteUpload,
    left_out: list[Part],
    completed: CompletedUpload,
) -> None:
    place = (bucket.id, command.key, command.upload_id)
    txn.execute(_REMOVE, place)
    txn.execute(_REMOVE_PARTS, (command.upload_id,))
    blobs.release(txn, (each for part in left_out for each in part.segments), command.now_ms)
    txn.execute(
        _REMEMBER,
        (
            *place,
            command.now_ms,
            completed.version_id or "",
            completed.etag,
            checksums_to_column(completed.checksums),
        ),
    )


def _remembered(txn: ITransaction, bucket: Bucket, command: CompleteUpload) -> CompletedUpload:
    """A client that did not hear the first answer asks again."""
    txn.execute(_REMEMBERED, (bucket.id, command.key, command.upload_id))
    row = txn.fetch_one()
    if row is None:
        raise no_such_upload(command.upload_id)
    version_id, etag, checksums = row
    if not _names_parts_of(command, etag):
        raise no_such_upload(command.upload_id)
    return CompletedUpload(version_id or None, etag, column_to_checksums(checksums))


def _names_parts_of(command: CompleteUpload, etag: str) -> bool:
    """Whether these are the parts that were completed: an object's ETag follows from theirs."""
    try:
        return composite_etag([part.etag for part in command.parts]) == etag
    except ValueError:
        return False
