"""Documents of multipart uploads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from ..clock import iso8601
from ..errors import S3Error
from ..values import (
    Checksum,
    ChecksumAlgorithm,
    CompletedPart,
    Owner,
    Part,
    Upload,
    UploadListing,
)
from .bucket import owner_element
from .listing import Encode, ListingRequest, common_prefix
from .xml import document, element, flag, optional, parse, required_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PARTS = 10_000

_NUMBER = re.compile("[0-9]{1,9}")
_CHECKSUMS = {f"Checksum{algorithm.name}": algorithm for algorithm in ChecksumAlgorithm}


def initiate_multipart_upload_result(bucket: str, key: str, upload_id: str) -> bytes:
    """The answer of CreateMultipartUpload."""
    return document(
        "InitiateMultipartUploadResult",
        [element("Bucket", bucket), element("Key", key), element("UploadId", upload_id)],
    )


def parse_complete_multipart_upload(body: bytes) -> tuple[CompletedPart, ...]:
    """The parts of a ``CompleteMultipartUpload``, in the order given.

    Raises:
        S3Error: ``MalformedXML``, also for no part or more than 10,000.
    """
    tree = parse(body, "CompleteMultipartUpload")
    parts = tuple(_completed_part(child) for child in tree.findall("Part"))
    if not 0 < len(parts) <= MAX_PARTS:
        raise S3Error("MalformedXML")
    return parts


def _completed_part(child: Element) -> CompletedPart:
    number = required_text(child, "PartNumber")
    if not _NUMBER.fullmatch(number):
        raise S3Error("MalformedXML")
    if int(number) < 1:
        raise S3Error(
            "InvalidArgument",
            "PartNumber must be >= 1",
            ArgumentName="PartNumber",
            ArgumentValue=number,
        )
    checksums = tuple(
        Checksum(_CHECKSUMS[each.tag], (each.text or "").strip())
        for each in child
        if each.tag in _CHECKSUMS
    )
    return CompletedPart(int(number), required_text(child, "ETag").strip('"'), checksums)


def checksum_values(checksums: Sequence[Checksum], with_type: bool) -> str:
    """``<ChecksumCRC32>`` and its like, and ``<ChecksumType>`` where it belongs."""
    return "".join(
        element(f"Checksum{checksum.algorithm.name}", checksum.value)
        + (element("ChecksumType", checksum.type.value) if with_type else "")
        for checksum in checksums
    )


def complete_multipart_upload_result(
    location: str, bucket: str, key: str, etag: str, checksums: Sequence[Checksum]
) -> bytes:
    """The answer of CompleteMultipartUpload."""
    return document(
        "CompleteMultipartUploadResult",
        [
            element("Location", location),
            element("Bucket", bucket),
            element("Key", key),
            element("ETag", f'"{etag}"'),
            checksum_values(checksums, with_type=True),
        ],
    )


@frozen
class PartsPage:
    """One page of the parts of an upload: at most ``max_parts`` behind part ``marker``."""

    marker: int
    max_parts: int
    parts: tuple[Part, ...]
    is_truncated: bool


def list_parts_result(bucket: str, upload: Upload, page: PartsPage) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html"""
    last = page.parts[-1].number if page.parts else 0
    return document(
        "ListPartsResult",
        [
            element("Bucket", bucket),
            element("Key", upload.key),
            element("UploadId", upload.upload_id),
            _initiator(upload.initiator),
            owner_element(upload.owner),
            element("StorageClass", upload.storage_class),
            _checksum_kind(upload),
            element("PartNumberMarker", page.marker),
            element("NextPartNumberMarker", last),
            element("MaxParts", page.max_parts),
            flag("IsTruncated", page.is_truncated),
            *map(_part, page.parts),
        ],
    )


def _checksum_kind(upload: Upload) -> str:
    """What the client named at the start; nothing where it named nothing."""
    if upload.checksum_algorithm is None:
        return ""
    kind = element("ChecksumAlgorithm", upload.checksum_algorithm.name)
    return kind + optional("ChecksumType", upload.checksum_type)


def _initiator(owner: Owner) -> str:
    name = element("DisplayName", owner.display_name)
    return f"<Initiator>{element('ID', owner.id)}{name}</Initiator>"


def _part(part: Part) -> str:
    children = (
        element("PartNumber", part.number),
        element("LastModified", iso8601(part.last_modified_ms)),
        element("ETag", f'"{part.etag}"'),
        element("Size", part.size_bytes),
        checksum_values(part.checksums, with_type=False),
    )
    return f"<Part>{''.join(children)}</Part>"


@frozen
class UploadMarkers:
    """Where a page of uploads was asked to start: behind a key, or behind an upload of it."""

    key: str = ""
    upload_id: str = ""


def list_multipart_uploads_result(
    request: ListingRequest, markers: UploadMarkers, page: UploadListing
) -> bytes:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html"""
    encode = request.encode
    following = [
        element("NextKeyMarker", encode(page.next_key_marker)),
        element("NextUploadIdMarker", page.next_upload_id_marker),
    ]
    return document(
        "ListMultipartUploadsResult",
        [
            element("Bucket", request.bucket),
            element("KeyMarker", encode(markers.key)),
            element("UploadIdMarker", markers.upload_id),
            *(following if page.is_truncated else ()),
            element("Prefix", encode(request.prefix)),
            optional("Delimiter", encode(request.delimiter) or None),
            optional("EncodingType", "url" if request.url_encoded else None),
            element("MaxUploads", request.max_keys),
            flag("IsTruncated", page.is_truncated),
            *(_upload(upload, encode) for upload in page.uploads),
            *(common_prefix(encode(prefix)) for prefix in page.common_prefixes),
        ],
    )


def _upload(upload: Upload, encode: Encode) -> str:
    children = (
        element("Key", encode(upload.key)),
        element("UploadId", upload.upload_id),
        _initiator(upload.initiator),
        owner_element(upload.owner),
        element("StorageClass", upload.storage_class),
        element("Initiated", iso8601(upload.initiated_ms)),
        _checksum_kind(upload),
    )
    return f"<Upload>{''.join(children)}</Upload>"
