"""Uploads and parts as rows: which columns there are, and how values become columns and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import Bucket, ChecksumAlgorithm, ChecksumType, Owner, Part, Upload
from .columns import (
    checksums_to_column,
    column_to_checksums,
    column_to_mapping,
    column_to_segments,
    column_to_tags,
    segments_to_column,
    tags_to_column,
    to_json,
)

_COLUMNS = (
    "upload_id",
    "key",
    "owner_id",
    "initiator_id",
    "initiated_ms",
    "storage_class",
    "headers",
    "user_metadata",
    "tags",
    "acl",
    "checksum_algorithm",
    "checksum_type",
)
STORED_UPLOAD_COLUMNS = ", ".join(_COLUMNS)
UPLOAD_COLUMNS = (
    ", ".join(f"upload.{column}" for column in _COLUMNS)
    + ", upload_owner.display_name, initiator.display_name"
)
UPLOAD_TABLES = (
    "upload LEFT JOIN account AS upload_owner ON upload_owner.owner_id = upload.owner_id "
    "LEFT JOIN account AS initiator ON initiator.owner_id = upload.initiator_id"
)
PART_COLUMNS = "number, size_bytes, etag, last_modified_ms, checksums, segments"
LISTED_PART_COLUMNS = "number, size_bytes, etag, last_modified_ms, checksums, ''"

_FIND = (
    f"SELECT {UPLOAD_COLUMNS} FROM {UPLOAD_TABLES} "
    "WHERE bucket_id = ? AND key = ? AND upload_id = ?"
)


def find_upload(txn: ITransaction, bucket: Bucket, key: str, upload_id: str) -> Upload | None:
    """The upload of that id and key; None if it is completed, aborted, or never was."""
    txn.execute(_FIND, (bucket.id, key, upload_id))
    row = txn.fetch_one()
    return row_to_upload(row) if row else None


def no_such_upload(upload_id: str) -> S3Error:
    """The error for an upload that is not, or no longer, under way."""
    return S3Error("NoSuchUpload", UploadId=upload_id)


def upload_to_row(upload: Upload) -> tuple[Any, ...]:
    """The values of :data:`STORED_UPLOAD_COLUMNS`."""
    return (
        upload.upload_id,
        upload.key,
        upload.owner.id,
        upload.initiator.id,
        upload.initiated_ms,
        upload.storage_class,
        to_json(dict(upload.headers)),
        to_json(dict(upload.user_metadata)),
        tags_to_column(upload.tags),
        upload.acl,
        upload.checksum_algorithm or "",
        upload.checksum_type or "",
    )


def row_to_upload(row: Sequence[Any]) -> Upload:
    """The upload that a row of :data:`UPLOAD_COLUMNS` tells of."""
    return Upload(
        upload_id=row[0],
        key=row[1],
        owner=Owner(row[2], row[12] or ""),
        initiator=Owner(row[3], row[13] or ""),
        initiated_ms=row[4],
        storage_class=row[5],
        headers=column_to_mapping(row[6]),
        user_metadata=column_to_mapping(row[7]),
        tags=column_to_tags(row[8]),
        acl=row[9],
        checksum_algorithm=ChecksumAlgorithm(row[10]) if row[10] else None,
        checksum_type=ChecksumType(row[11]) if row[11] else None,
    )


def part_to_row(part: Part) -> tuple[Any, ...]:
    """The values of :data:`PART_COLUMNS`."""
    return (
        part.number,
        part.size_bytes,
        part.etag,
        part.last_modified_ms,
        checksums_to_column(part.checksums),
        segments_to_column(part.segments),
    )


def row_to_part(row: Sequence[Any]) -> Part:
    """The part that a row of :data:`PART_COLUMNS` tells of."""
    number, size_bytes, etag, last_modified_ms, checksums, segments = row
    return Part(
        number=number,
        size_bytes=size_bytes,
        etag=etag,
        last_modified_ms=last_modified_ms,
        segments=column_to_segments(segments),
        checksums=column_to_checksums(checksums),
    )
