"""Multipart uploads under way, their parts, and the pages that list them."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from .content import Checksum, ChecksumAlgorithm, ChecksumType, Segment
from .identity import Owner


@frozen
class Upload:
    """A multipart upload under way, with what its object will have.

    Attributes:
        checksum_algorithm: the one asked for at the start; None when the client named none.
        checksum_type: likewise; the default of the algorithm where the client named none.
    """

    upload_id: str
    key: str
    owner: Owner
    initiator: Owner
    initiated_ms: int
    storage_class: str = "STANDARD"
    headers: Mapping[str, str] = field(factory=dict)
    user_metadata: Mapping[str, str] = field(factory=dict)
    tags: tuple[tuple[str, str], ...] = ()
    acl: str = ""
    checksum_algorithm: ChecksumAlgorithm | None = None
    checksum_type: ChecksumType | None = None


@frozen
class UploadListing:
    """One page of a listing of the multipart uploads under way.

    Attributes:
        uploads: in key order, those of one key in the order in which they were initiated.
        common_prefixes: in key order.
        next_key_marker, next_upload_id_marker: the next page starts behind these; the second is
            empty where that is behind a common prefix.
    """

    uploads: tuple[Upload, ...] = ()
    common_prefixes: tuple[str, ...] = ()
    is_truncated: bool = False
    next_key_marker: str = ""
    next_upload_id_marker: str = ""


@frozen
class Part:
    """An uploaded part. ``etag`` is the hexadecimal MD5 of its bytes."""

    number: int
    size_bytes: int
    etag: str
    last_modified_ms: int
    segments: tuple[Segment, ...] = ()
    checksums: tuple[Checksum, ...] = ()


@frozen
class CompletedPart:
    """A part as CompleteMultipartUpload names it; ``etag`` without quotes."""

    number: int
    etag: str
    checksums: tuple[Checksum, ...] = ()
