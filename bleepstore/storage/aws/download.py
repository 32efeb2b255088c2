"""Opens a stretch of an object, and makes sure that it is the one that was asked for.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from twisted.web.iweb import IBodyProducer

from ...errors import BlobChanged, BlobMissing, UpstreamFailed
from ...streams.digests import Digests
from ...values import ChecksumAlgorithm
from ..remote.client import Answer, Stream
from ..remote.verified import Digest, VerifiedProducer
from .absence import failure_of
from .bucket import Ask, Bucket

_content_range = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)").fullmatch


# An upload in parts has no MD5 of the whole, but a checksum that only whole objects are sent with.
_CHECKSUM = ChecksumAlgorithm.CRC64NVME
_LARGE_BYTES = 4 * 1024 * 1024  # what is smaller was not uploaded in parts
_is_md5 = re.compile(r"[0-9a-f]{32}").fullmatch
# The ETag is not the MD5 of what S3 has encrypted with a key of its own or of the client's.
_NOT_MD5 = (
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)


async def open_stretch(
    bucket: Bucket, name: str, tag: str | None, offset: int, length: int
) -> IBodyProducer:
    """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.open`."""
    if not offset and length >= _LARGE_BYTES:
        stream = await _open(bucket, name, tag, {"x-amz-checksum-mode": "ENABLED"})
        if _size(stream) == length:
            return _verified(bucket, stream, tag, name, offset, length)
        stream.close()  # it is only the beginning that is wanted
    stream = await _open(bucket, name, tag, {"range": f"bytes={offset}-{offset + length - 1}"})
    return _verified(bucket, stream, tag, name, offset, length)


async def _open(bucket: Bucket, name: str, tag: str | None, headers: Mapping[str, str]) -> Stream:
    if tag is not None:
        headers = {**headers, "if-match": f'"{tag}"'}
    ask = Ask("GET", name, headers=headers)
    opened = await bucket.open(ask)
    if isinstance(opened, Answer):
        raise await failure_of(bucket, opened, str(ask), name)
    return opened


def _verified(
    bucket: Bucket, stream: Stream, tag: str | None, name: str, offset: int, length: int
) -> IBodyProducer:
    """The bytes, held against what S3 knows of them if they are all that the object has."""
    try:
        _check(stream, name, tag, offset, length)
        known = _known(stream) if not offset and _size(stream) == length else None
    except BaseException:
        stream.close()
        raise
    body = stream.producer(length)
    if known is None:
        return body
    return VerifiedProducer(body, bucket.threads, *known)


def _known(stream: Stream) -> tuple[Digest, bytes] | None:
    """A digest of the whole object, and what it has to be."""
    crc = stream.headers.get(_CHECKSUM.header, "")
    if crc and "-" not in crc:
        return _Crc64(), base64.b64decode(crc)
    etag = stream.headers.get("etag", "").strip('"')
    if _is_md5(etag) and not any(name in stream.headers for name in _NOT_MD5):
        return hashlib.md5(usedforsecurity=False), bytes.fromhex(etag)
    return None


class _Crc64:
    """S3's own checksum in the form of hashlib's objects."""

    def __init__(self) -> None:
        self._digests = Digests([_CHECKSUM], md5=False)

    def update(self, data: bytes) -> None:
        self._digests.update(data)

    def digest(self) -> bytes:
        return self._digests.raw(_CHECKSUM)


def _size(stream: Stream) -> int | None:
    """The size of the whole object; None where the answer does not say it."""
    if stream.status == 200:
        size = stream.headers.get("content-length", "")
    else:
        size = stream.headers.get("content-range", "").rpartition("/")[2]
    return int(size) if size.isdecimal() else None


def _check(stream: Stream, name: str, tag: str | None, offset: int, length: int) -> None:
    """Not everything that speaks S3's protocol knows ``If-Match``."""
    if tag is not None and stream.headers.get("etag", "").strip('"') != tag:
        raise BlobChanged(name)
    first, size = _delivered(stream)
    if first != offset or size > length:
        raise UpstreamFailed(f"GET object: {size} bytes from {first}, not {length} from {offset}")
    if size < length:
        raise BlobMissing(name)


def _delivered(stream: Stream) -> tuple[int, int]:
    """Where the bytes begin, and how many they are."""
    if stream.status == 200:
        size = _size(stream)
        if size is None:
            raise UpstreamFailed("GET object: the answer does not say how long it is")
        return 0, size
    found = _content_range(stream.headers.get("content-range", ""))
    if found is None:
        raise UpstreamFailed("GET object: the answer does not say which bytes it has")
    return int(found[1]), int(found[2]) - int(found[1]) + 1
