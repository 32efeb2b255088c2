"""The answer of GetObjectAttributes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from ..values import ObjectVersion, PartBoundary
from .multipart import checksum_values
from .xml import document, element, flag

ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


@frozen
class PartsWindow:
    """Which parts of an object to show: at most ``max_parts`` behind part ``marker``."""

    marker: int = 0
    max_parts: int = 1000


def object_attributes(
    version: ObjectVersion, wanted: Collection[str], window: PartsWindow
) -> bytes:
    """``GetObjectAttributesResponse`` with the attributes that were asked for."""
    return document(
        "GetObjectAttributesResponse",
        [
            element("ETag", version.etag) if "ETag" in wanted else "",
            _checksum(version) if "Checksum" in wanted else "",
            _parts(version, window) if "ObjectParts" in wanted else "",
            element("StorageClass", version.storage_class) if "StorageClass" in wanted else "",
            element("ObjectSize", version.size_bytes) if "ObjectSize" in wanted else "",
        ],
    )


def _checksum(version: ObjectVersion) -> str:
    values = checksum_values(version.checksums, with_type=True)
    return f"<Checksum>{values}</Checksum>" if values else ""


def _parts(version: ObjectVersion, window: PartsWindow) -> str:
    """Parts are shown one by one only where they have checksums of their own."""
    if not version.parts:
        return ""
    total = element("PartsCount", len(version.parts))
    if not any(part.checksums for part in version.parts):
        return f"<ObjectParts>{total}</ObjectParts>"
    behind = [part for part in version.parts if part.number > window.marker]
    shown = behind[: window.max_parts]
    children = (
        total,
        element("PartNumberMarker", window.marker),
        element("NextPartNumberMarker", shown[-1].number if shown else 0),
        element("MaxParts", window.max_parts),
        flag("IsTruncated", len(behind) > len(shown)),
        *map(_part, shown),
    )
    return f"<ObjectParts>{''.join(children)}</ObjectParts>"


def _part(part: PartBoundary) -> str:
    children = (
        element("PartNumber", part.number),
        element("Size", part.size_bytes),
        checksum_values(part.checksums, with_type=False),
    )
    return f"<Part>{''.join(children)}</Part>"
