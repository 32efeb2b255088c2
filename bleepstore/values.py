"""The values that travel between rooms: frozen, without behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from twisted.web.iweb import IBodyProducer

    from .interfaces import IChunkVerifier

# --- HTTP ------------------------------------------------------------------------------------


@frozen
class RequestHead:
    """A request without its body.

    Attributes:
        method: upper case, as sent.
        target: the request target exactly as sent (``/bucket/a%2Fb?x=1``); signatures are made
            over this, never over a decoded path.
        headers: lower-case name → value; the values of a repeated header are joined with ``,``
            in their order. Text is the header's bytes decoded as UTF-8 with
            ``surrogateescape``, so encoding the same way gives the bytes back.
        remote_address: the peer's IP address.
        secure: whether the request came over TLS.
        request_id: the value of ``x-amz-request-id`` in the answer.
        received_ms: when the head was complete.
    """

    method: str
    target: bytes
    headers: Mapping[str, str]
    remote_address: str
    secure: bool
    request_id: str
    received_ms: int

    @property
    def raw_path(self) -> bytes:
        """The target up to the first ``?``, still percent-encoded."""
        return self.target.partition(b"?")[0]

    @property
    def raw_query(self) -> bytes:
        """The target after the first ``?``, still percent-encoded; empty if there is none."""
        return self.target.partition(b"?")[2]


@frozen
class Reply:
    """What goes back to the client.

    Attributes:
        status: HTTP status code.
        headers: in the order in which they are sent. ``Content-Length`` comes from the body;
            only a reply to HEAD gives it here.
        body: bytes, or a producer (Twisted's ``IBodyProducer``: it is started once, and stopped
            when the client goes away). One of ``UNKNOWN_LENGTH`` goes out in chunks.
        facts: what the log and the metrics say of this request beyond HTTP: ``operation``,
            ``bucket``, ``key``, ``access_key``, ``error_code``; each only where it is known.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | IBodyProducer = b""
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class Exchange:
    """A request and its answer when both are over: what there is to log and to count.

    Attributes:
        bytes_received: of the body, as they came off the socket.
        bytes_sent: of the body.
        duration_ms, first_byte_ms: from the complete request head to the last and to the first
            byte of the answer; ``first_byte_ms`` is None if the client left before it.
        is_complete: whether the whole answer was handed to the socket.
    """

    head: RequestHead
    status: int
    facts: Mapping[str, str]
    bytes_received: int
    bytes_sent: int
    duration_ms: float
    first_byte_ms: float | None
    is_complete: bool


@frozen
class Address:
    """Which bucket and key a request names.

    Attributes:
        bucket: None at the service level (``GET /``).
        key: None at the bucket level; never empty.
    """

    bucket: str | None = None
    key: str | None = None


# --- Who -------------------------------------------------------------------------------------


@frozen
class Owner:
    """An account as S3 shows it. ``id`` is S3's canonical user id."""

    id: str
    display_name: str = ""


@frozen
class Credential:
    """An access key and the account that it acts for."""

    access_key: str
    secret_key: str = field(repr=False)
    owner: Owner
    email: str = ""


@frozen
class Principal:
    """Who makes a request. Anonymous requests have no owner."""

    owner: Owner | None = None
    access_key: str | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.owner is None


ANONYMOUS = Principal()


@frozen
class PostedForm:
    """A browser's form that uploads a file, as far as its policy allows it.

    Attributes:
        fields: lower-case name → value, of the fields before the file.
        min_size_bytes, max_size_bytes: of the file, as the policy says; None for no limit.
    """

    fields: Mapping[str, str] = field(repr=False)
    min_size_bytes: int = 0
    max_size_bytes: int | None = None


# --- Bytes -----------------------------------------------------------------------------------


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


@frozen
class Appearance:
    """How an object looks to other tools where a backend shows it under its own name.

    Attributes:
        headers: ``content-type``, ``cache-control`` … by lower-case name.
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


# --- What is stored --------------------------------------------------------------------------


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


@frozen
class ListedObject:
    """What a listing shows of an object's current version."""

    key: str
    size_bytes: int
    etag: str
    last_modified_ms: int
    storage_class: str
    owner: Owner
    checksums: tuple[Checksum, ...] = ()


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


# --- Multipart uploads -----------------------------------------------------------------------


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


# --- Access ----------------------------------------------------------------------------------


class Permission(StrEnum):
    """The permissions of access control lists."""

    FULL_CONTROL = "FULL_CONTROL"
    READ = "READ"
    WRITE = "WRITE"
    READ_ACP = "READ_ACP"
    WRITE_ACP = "WRITE_ACP"


class Ownership(StrEnum):
    """Who owns new objects of a bucket, and whether its ACLs count."""

    BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"
    BUCKET_OWNER_PREFERRED = "BucketOwnerPreferred"
    OBJECT_WRITER = "ObjectWriter"


@frozen
class Grantee:
    """An account by its canonical user id, or a group by its URI: exactly one of the two."""

    owner: Owner | None = None
    group: str | None = None


@frozen
class Grant:
    """One line of an access control list."""

    grantee: Grantee
    permission: Permission


@frozen
class AccessControlList:
    """Who owns something and who else may do what with it."""

    owner: Owner
    grants: tuple[Grant, ...] = ()
