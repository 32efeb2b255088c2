"""Multipart uploads: the commands that change them and the questions about them."""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from ..interfaces import IDatabase
from ..values import Part, Upload, UploadListing
from .completion import MIN_PART_SIZE, CompletedUpload, CompleteUpload, complete_upload
from .marking import Marking, unmarked
from .uploads_expiry import ExpireUploads, expire_uploads
from .uploads_read import ListUploads, get_upload, list_locators, list_parts, list_uploads
from .uploads_write import (
    AbortUpload,
    CreateUpload,
    PutPart,
    abort_upload,
    create_upload,
    put_part,
)

__all__ = [
    "MIN_PART_SIZE",
    "AbortUpload",
    "CompleteUpload",
    "CompletedUpload",
    "CreateUpload",
    "ListUploads",
    "PutPart",
    "Uploads",
]


@frozen
class Uploads:
    """The uploads of all buckets. Every method but the last raises ``S3Error("NoSuchBucket")``.

    ``NoSuchUpload`` is the error for an upload that was never begun under that key, and for one
    that is aborted or completed.

    Args:
        marking: as for :class:`~bleepstore.metadata.objects.Objects`.
    """

    _database: IDatabase
    _marking: Marking = unmarked

    async def create(self, command: CreateUpload) -> None:
        """Begin an upload."""
        await self._database.write("create_upload", create_upload, command)

    async def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """An upload that is under way. Raises ``S3Error("NoSuchUpload")``."""
        return await self._database.look_up("get_upload", get_upload, bucket, key, upload_id)

    async def put_part(self, command: PutPart) -> None:
        """Add a part; an earlier one of its number gives way, and its bytes become garbage.

        Raises:
            S3Error: ``NoSuchUpload``: the new blobs are still the caller's to remove.
            BlobMissing: a segment names a blob that is neither new nor in use.
        """
        await self._database.write("put_part", put_part, command)

    async def complete(self, command: CompleteUpload) -> CompletedUpload:
        """Make an object of the parts named, and garbage of the others.

        Completing an upload again answers what the first time answered, without looking at the
        parts or the conditions.

        Raises:
            S3Error: ``NoSuchUpload``, ``MalformedXML`` (no parts), ``InvalidPartOrder``,
                ``InvalidPart``, ``EntityTooSmall``, ``EntityTooLarge``; ``InvalidRequest`` for a
                size other than the expected one and for part checksums that the upload's kind
                demands; ``BadDigest``; the conditions' ``PreconditionFailed`` and ``NoSuchKey``.
                The upload is still under way then.
        """
        return await self._database.write(
            "complete_upload", self._marking(complete_upload), command
        )

    async def abort(self, command: AbortUpload) -> None:
        """End an upload without an object. Raises ``S3Error("NoSuchUpload")``."""
        await self._database.write("abort_upload", abort_upload, command)

    async def list_parts(
        self, bucket: str, key: str, upload_id: str, marker: int, limit: int
    ) -> tuple[Upload, tuple[Part, ...], bool]:
        """An upload, at most ``limit`` of its parts after number ``marker``, whether more follow.

        The parts come without their segments. Raises ``S3Error("NoSuchUpload")``.
        """
        return await self._database.read(
            "list_parts", list_parts, bucket, key, upload_id, marker, limit
        )

    async def list_locators(
        self, bucket: str, key: str, upload_id: str, numbers: Collection[int]
    ) -> tuple[str, ...]:
        """The blobs of the parts with these numbers; none if the upload is not under way."""
        return await self._database.read(
            "list_part_locators", list_locators, bucket, key, upload_id, numbers
        )

    async def list_uploads(self, bucket: str, query: ListUploads) -> UploadListing:
        """One page of the uploads of a bucket that are under way."""
        return await self._database.read("list_uploads", list_uploads, bucket, query)

    async def expire(self, before_ms: int, limit: int) -> int:
        """Abort uploads begun before an instant, or whose bucket is gone; forget old completions.

        Args:
            before_ms: the oldest that is kept.
            limit: the most of either kind at once; fewer where uploads have very many parts.

        Returns:
            How many uploads and completions went away; 0 when nothing was left to do.
        """
        return await self._database.write(
            "expire_uploads", expire_uploads, ExpireUploads(before_ms, limit)
        )
