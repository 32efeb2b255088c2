"""The answers of CopyObject and UploadPartCopy."""

from __future__ import annotations

from collections.abc import Sequence

from ..clock import iso8601
from ..values import Checksum
from .multipart import checksum_values
from .xml import document, element


def copy_object_result(etag: str, last_modified_ms: int, checksums: Sequence[Checksum]) -> bytes:
    """``CopyObjectResult``."""
    return _result("CopyObjectResult", etag, last_modified_ms, checksums, with_type=True)


def copy_part_result(etag: str, last_modified_ms: int, checksums: Sequence[Checksum]) -> bytes:
    """``CopyPartResult``."""
    return _result("CopyPartResult", etag, last_modified_ms, checksums, with_type=False)


def _result(
    root: str, etag: str, last_modified_ms: int, checksums: Sequence[Checksum], with_type: bool
) -> bytes:
    return document(
        root,
        [
            element("ETag", f'"{etag}"'),
            element("LastModified", iso8601(last_modified_ms)),
            checksum_values(checksums, with_type),
        ],
    )
