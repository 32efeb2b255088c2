"""Bytes: what they are called where they are kept, how they are framed, what proves them whole."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from ..interfaces import IChunkVerifier


class ChecksumAlgorithm(StrEnum):
    """The checksums of S3, by the name that they have in headers and XML (upper case there)."""

    CRC32 = "crc32"
    CRC32C = "crc32c"
    CRC64NVME = "crc64nvme"
    SHA1 = "sha1"
    SHA256 = "sha256"

    @property
    def header(self) -> str:
        """The request and response header of the checksum: ``x-amz-checksum-crc32``."""
        return f"x-amz-checksum-{self.value}"


class ChecksumType(StrEnum):
    """What a multipart object's checksum covers: all its bytes, or its parts' checksums."""

    FULL_OBJECT = "FULL_OBJECT"
    COMPOSITE = "COMPOSITE"


@frozen
class Checksum:
    """One checksum of an object or a part.

    Attributes:
        value: base64 of the big-endian digest, as in headers; a composite one has ``-N`` behind.
    """

    algorithm: ChecksumAlgorithm
    value: str
    type: ChecksumType = ChecksumType.FULL_OBJECT


@frozen
class BlobName:
    """What a backend may use to name new bytes. Only gateways look at bucket and key."""

    bucket: str
    key: str
    blob_id: str


@frozen
class Blob:
    """Bytes that a sink has taken in full.

    Attributes:
        locator: opaque to all but the backend that gave it.
        content: the bytes themselves when they are to become durable in the metadata transaction
            that first refers to the blob; None when they are durable already.
    """

    locator: str
    size_bytes: int
    content: bytes | None = field(default=None, repr=False)


@frozen
class Segment:
    """``length`` bytes of a blob from ``offset`` on: one stretch of an object's data."""

    locator: str
    offset: int
    length: int


@frozen
class ByteRange:
    """``length`` bytes from ``offset`` on, within an object of known size."""

    offset: int
    length: int

    @property
    def last(self) -> int:
        """Position of the last byte, as in ``Content-Range``."""
        return self.offset + self.length - 1


@frozen
class PartBoundary:
    """One part of an object that a multipart upload made, for reads by part number."""

    number: int
    size_bytes: int
    checksums: tuple[Checksum, ...] = ()


@frozen
class PayloadFraming:
    """How the bytes of a request body are to be read and verified, as its signature says.

    Attributes:
        aws_chunked: whether ``aws-chunked`` framing surrounds the content.
        sha256_hex: the content's SHA-256 that the client signed; None where it did not.
        verifier: checks each chunk's signature; None for unsigned chunks.
        trailer: lower-case names of the headers announced by ``x-amz-trailer``.
        decoded_length: the content's length without framing; None if the client did not say.
    """

    aws_chunked: bool = False
    sha256_hex: str | None = None
    verifier: IChunkVerifier | None = None
    trailer: tuple[str, ...] = ()
    decoded_length: int | None = None


OBJECT_HEADERS = (
    "content-type",
    "content-encoding",
    "content-disposition",
    "content-language",
    "cache-control",
    "expires",
)
"""The headers that S3 keeps with an object and gives back with it, beside user metadata.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""


@frozen
class Appearance:
    """How an object looks to other tools where a backend shows it under its own name.

    Attributes:
        headers: by lower-case name, some of :data:`OBJECT_HEADERS`.
        user_metadata: names without ``x-amz-meta-``, lower case; values are Unicode text.
    """

    headers: Mapping[str, str] = field(factory=dict)
    user_metadata: Mapping[str, str] = field(factory=dict)


@frozen
class Shown:
    """An object as it stands under its own name in a backend, whoever put it there.

    Attributes:
        blob: its bytes; the locator is good for this state of the object only.
        etag: without quotes: the hexadecimal MD5 of the bytes where the backend knows it.
    """

    bucket: str
    key: str
    blob: Blob
    etag: str
    last_modified_ms: int
    appearance: Appearance = field(factory=Appearance)
