"""What the metadata keeps: buckets, versions of objects, and the pages that list them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from attrs import field, frozen

from .access import Ownership
from .content import Checksum, PartBoundary, Segment
from .identity import Owner


class Versioning(StrEnum):
    """The versioning state of a bucket. ``OFF`` has no name in S3's XML."""

    OFF = ""
    ENABLED = "Enabled"
    SUSPENDED = "Suspended"


NULL_VERSION_ID = "null"


@frozen
class Bucket:
    """A bucket. ``id`` is internal; a bucket made anew under the same name has another one.

    Attributes:
        acl: the stored access control list as JSON text; empty for the default (private).
        ownership: the bucket's ownership controls; None if it has none, which means the same as
            ``ObjectWriter``.
        tags: the bucket's tag set, in the order given.
    """

    id: str
    name: str
    owner: Owner
    region: str
    created_ms: int
    versioning: Versioning = Versioning.OFF
    acl: str = ""
    ownership: Ownership | None = None
    tags: tuple[tuple[str, str], ...] = ()


@frozen
class ObjectVersion:
    """One version of an object, or a delete marker.

    Attributes:
        version_id: :data:`NULL_VERSION_ID` for a version written while versioning was not
            enabled.
        etag: without quotes.
        headers: the stored response headers (``content-type``, ``cache-control`` …), lower-case
            names.
        user_metadata: names without ``x-amz-meta-``, lower case; values are Unicode text.
        segments: where the bytes are, in order; their lengths add up to ``size_bytes``.
        parts: boundaries of a multipart upload's parts; empty for an object put in one piece.
        content: the bytes themselves where the metadata holds them and they were asked for.
        tags: the object's tag set, in the order given.
        acl: the stored access control list as JSON text; empty for the default (private).
    """

    key: str
    version_id: str
    last_modified_ms: int
    owner: Owner
    is_delete_marker: bool = False
    is_latest: bool = True
    size_bytes: int = 0
    etag: str = ""
    storage_class: str = "STANDARD"
    headers: Mapping[str, str] = field(factory=dict)
    user_metadata: Mapping[str, str] = field(factory=dict)
    segments: tuple[Segment, ...] = ()
    parts: tuple[PartBoundary, ...] = ()
    checksums: tuple[Checksum, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    acl: str = ""
    content: bytes | None = field(default=None, repr=False)


class ListedObject(NamedTuple):
    """What a listing shows of an object's current version.

    A tuple, because a page has a thousand of them.

    Attributes:
        checksums: the algorithm and the type of each, without its value.
    """

    key: str
    size_bytes: int
    etag: str
    last_modified_ms: int
    storage_class: str
    owner: Owner
    checksums: tuple[tuple[str, str], ...] = ()


@frozen
class ListingPage:
    """One page of a listing of current versions.

    Attributes:
        objects: in key order (UTF-8 bytes).
        common_prefixes: in the same order.
        is_truncated: whether more follows.
        last: the greatest key or common prefix of this page; the next page starts behind it.
    """

    objects: tuple[ListedObject, ...] = ()
    common_prefixes: tuple[str, ...] = ()
    is_truncated: bool = False
    last: str = ""


@frozen
class VersionListing:
    """One page of a listing of all versions.

    Attributes:
        versions: versions and delete markers, in key order and the newest of a key first.
        common_prefixes: in key order.
        next_key_marker, next_version_id_marker: the next page starts behind these; the second is
            empty where that is behind all versions of a key, or behind a common prefix.
    """

    versions: tuple[ObjectVersion, ...] = ()
    common_prefixes: tuple[str, ...] = ()
    is_truncated: bool = False
    next_key_marker: str = ""
    next_version_id_marker: str = ""
