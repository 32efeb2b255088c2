"""What an operation is given: the request, who makes it, and the services of the house."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from attrs import field, frozen

from ..clock import Clock
from ..errors import S3Error
from ..interfaces import IBlobStore, IRequestBody, IShowing
from ..metadata.store import Store
from ..streams.allowance import Allowance
from ..streams.collect import collect
from ..streams.threads import Threads
from ..values import (
    Address,
    Bucket,
    Checksum,
    Owner,
    Ownership,
    PayloadFraming,
    PostedForm,
    Principal,
    RequestHead,
)
from .checksums import declared_checksum
from .standing import NothingShown

# The largest settings, 50 tags of 384 characters, stay below this even if each is escaped.
MAX_SETTINGS_BYTES = 256 * 1024
# The largest lists, of 10,000 parts or of 1,000 keys, stay below this; read them in a thread.
MAX_LIST_BYTES = 4 * 1024 * 1024

# Who owns what an anonymous request writes.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
ANONYMOUS_OWNER = Owner("65a011a29cdf8ec533ec3d1ccaae921c", "anonymous")


@frozen
class Services:
    """The rooms that operations use, and the facts about this store that they need.

    Attributes:
        threads: for what takes the processor long: hashing, reading documents.
        max_object_size: bytes.
        reserved_bucket_names: names that cannot be buckets because pages of this daemon stand
            there, such as ``/metrics``.
        default_ownership: the ownership controls of buckets made without a word about them.
        showing: sees to the natural names of objects, where the backend shows any.
        allowance: of memory for the uploads of this process.
    """

    metadata: Store
    blobs: IBlobStore
    threads: Threads
    clock: Clock
    region: str
    max_object_size: int
    reserved_bucket_names: frozenset[str] = frozenset()
    default_ownership: Ownership = Ownership.BUCKET_OWNER_ENFORCED
    showing: IShowing = field(factory=NothingShown)
    allowance: Allowance = field(factory=Allowance)


@frozen
class Context:
    """One authorized request on its way to its operation.

    Attributes:
        action: the IAM action of the operation, such as ``s3:GetObjectVersion``.
        bucket: the bucket of the address; None where the operation needs none to exist.
        form: None but for a request that is one; ``head`` then has the headers that its fields
            stand for, and ``body`` is its file.
    """

    head: RequestHead
    address: Address
    query: Mapping[str, str]
    principal: Principal
    action: str
    framing: PayloadFraming
    body: IRequestBody
    services: Services
    bucket: Bucket | None = None
    form: PostedForm | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        return self.head.headers

    @property
    def bucket_name(self) -> str:
        """The bucket of the address; only operations on buckets and objects ask."""
        if self.address.bucket is None:
            raise LookupError("the address names no bucket")
        return self.address.bucket

    @property
    def existing_bucket(self) -> Bucket:
        """The bucket of the address as it was when the request was authorized."""
        if self.bucket is None:
            raise LookupError("the operation needs no bucket")
        return self.bucket

    @property
    def posted_form(self) -> PostedForm:
        """The form that the request is; only PostObject asks."""
        if self.form is None:
            raise LookupError("the request is no form")
        return self.form

    @property
    def key(self) -> str:
        """The key of the address; only operations on objects ask."""
        if self.address.key is None:
            raise LookupError("the address names no key")
        return self.address.key

    @property
    def owner(self) -> Owner:
        """The account that makes this request, as far as it makes anything."""
        return self.principal.owner or ANONYMOUS_OWNER

    async def read_document(
        self, limit_bytes: int = MAX_SETTINGS_BYTES, *, has_own_checksum: bool = True
    ) -> bytes:
        """The whole body of a request that carries an XML document.

        Args:
            limit_bytes: the largest document that the operation can have.
            has_own_checksum: whether an ``x-amz-checksum-*`` header is the document's; that of
                CompleteMultipartUpload is the object's.

        Raises:
            S3Error: ``MaxMessageLengthExceeded``, ``BadDigest``, ``InvalidDigest`` …
        """
        return await collect(
            self.body,
            self.framing,
            limit_bytes,
            self.services.threads,
            content_md5=content_md5(self.headers),
            checksum=self._declared_checksum() if has_own_checksum else None,
        )

    def _declared_checksum(self) -> Checksum | None:
        return declared_checksum(self.headers, self.framing.trailer).checksum


def content_md5(headers: Mapping[str, str]) -> bytes | None:
    """The digest in ``Content-MD5``, 16 bytes; None without the header.

    Raises:
        S3Error: ``InvalidDigest``.
    """
    text = headers.get("content-md5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise S3Error("InvalidDigest") from error
    if len(digest) != 16:
        raise S3Error("InvalidDigest")
    return digest
