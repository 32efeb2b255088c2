"""Values and databases for the tests of the metadata."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import nullcontext

from bleepstore.ids import new_blob_id, new_version_id
from bleepstore.metadata.dialects import SQLITE
from bleepstore.metadata.migrate import known_steps, migrate
from bleepstore.metadata.objects import DeleteObject, PutObject
from bleepstore.metadata.transaction import Transaction
from bleepstore.metadata.uploads import CompleteUpload, PutPart
from bleepstore.values import (
    Blob,
    Bucket,
    Checksum,
    CompletedPart,
    ObjectVersion,
    Owner,
    Part,
    Segment,
    Upload,
    Versioning,
)

ANN = Owner("ann-id", "Ann")
BOB = Owner("bob-id", "Bob")


def bucket(
    name: str = "photos", owner: Owner = ANN, versioning: Versioning = Versioning.OFF
) -> Bucket:
    return Bucket(f"id-of-{name}", name, owner, "us-east-1", 1_000, versioning)


def inline_blob(content: bytes = b"content") -> Blob:
    return Blob(new_blob_id(), len(content), content)


def stored_blob(size_bytes: int = 100_000) -> Blob:
    return Blob(new_blob_id(), size_bytes)


def put(
    key: str = "a",
    *blobs: Blob,
    etag: str = "e1",
    at_ms: int = 5_000,
    version_id: str = "",
    if_match: str | None = None,
    if_none_match: bool = False,
) -> PutObject:
    """A command that puts an object whose data are the whole of some new blobs."""
    version = ObjectVersion(
        key=key,
        version_id=version_id or new_version_id(),
        last_modified_ms=at_ms,
        owner=ANN,
        size_bytes=sum(blob.size_bytes for blob in blobs),
        etag=etag,
        segments=tuple(Segment(blob.locator, 0, blob.size_bytes) for blob in blobs),
    )
    return PutObject("photos", version, blobs, if_match, if_none_match)


def delete(
    key: str = "a",
    version_id: str | None = None,
    *,
    marker_id: str = "",
    at_ms: int = 6_000,
    if_match: str | None = None,
) -> DeleteObject:
    return DeleteObject(
        "photos", key, version_id, marker_id or new_version_id(), at_ms, ANN, if_match
    )


def memory_connection() -> sqlite3.Connection:
    """A database in memory with the newest schema, for SQL functions on their own."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, nullcontext(), SQLITE, known_steps())
    return connection


def transaction(connection: sqlite3.Connection) -> Transaction:
    """A transaction that is always open: each statement stands for itself."""
    return Transaction(connection.cursor(), SQLITE)


def upload(upload_id: str = "u1", key: str = "a") -> Upload:
    return Upload(upload_id, key, owner=ANN, initiator=ANN, initiated_ms=1_000)


def part_of(number: int, *blobs: Blob, etag: str = "", checksums: Sequence[Checksum] = ()) -> Part:
    """A part whose data are the whole of some blobs; its ETag is hexadecimal, as MD5s are."""
    return Part(
        number=number,
        size_bytes=sum(blob.size_bytes for blob in blobs),
        etag=etag or f"{number:032x}",
        last_modified_ms=2_000,
        segments=tuple(Segment(blob.locator, 0, blob.size_bytes) for blob in blobs),
        checksums=tuple(checksums),
    )


def put_part(part: Part, *blobs: Blob, upload_id: str = "u1") -> PutPart:
    return PutPart("photos", "a", upload_id, part, blobs)


def complete(*parts: Part, upload_id: str = "u1", at_ms: int = 8_000) -> CompleteUpload:
    """A command that completes an upload with these parts, however small they are."""
    return CompleteUpload(
        "photos",
        "a",
        upload_id,
        tuple(CompletedPart(part.number, part.etag, part.checksums) for part in parts),
        new_version_id(),
        at_ms,
        min_part_size=0,
    )
