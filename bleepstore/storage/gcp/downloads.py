"""Reads stretches of objects, of a given generation and no other."""

from __future__ import annotations

import base64
import re

from attrs import frozen
from twisted.web.iweb import IBodyProducer

from ...errors import BlobChanged, BlobMissing, RangeRefused, UpstreamFailed
from ...streams.digests import Digests
from ...streams.threads import Threads
from ...values import ChecksumAlgorithm
from ..remote.client import Answer, Outgoing, Stream
from ..remote.verified import VerifiedProducer
from .absence import is_absent
from .addresses import Addresses
from .answers import failure
from .api import Api, refusal

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_CRC32C = re.compile(r"(?:^|,)\s*crc32c=([A-Za-z0-9+/]{6}==)")
_OTHER_STATE = 412
_NO_SUCH_RANGE = 416


@frozen
class Downloads:
    """The downloads of one bucket."""

    api: Api
    addresses: Addresses
    threads: Threads

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.open`."""
        headers = {
            "range": f"bytes={offset}-{offset + length - 1}",
            # Otherwise Google decodes objects that are stored with "Content-Encoding: gzip":
            # https://cloud.google.com/storage/docs/transcoding
            "accept-encoding": "gzip",
        }
        url = self.addresses.object(name, alt="media", ifGenerationMatch=tag)
        stream = await self.api.open(Outgoing("GET", url, headers, is_idempotent=True))
        if stream.status not in (200, 206):
            raise await self._error(await refusal(stream), name)
        try:
            return self._body(stream, name, tag, offset, length)
        except BaseException:
            stream.close()
            raise

    async def _error(self, answer: Answer, name: str) -> Exception:
        if await is_absent(self.api, self.addresses, answer):
            return BlobMissing(name)
        if answer.status == _OTHER_STATE:
            return BlobChanged(name)
        what = f"download of {name}"
        if answer.status == _NO_SUCH_RANGE:
            return RangeRefused(f"{what}: 416")
        return failure(answer, what)

    def _body(
        self, stream: Stream, name: str, tag: str | None, offset: int, length: int
    ) -> IBodyProducer:
        """The producer of an answer that is what was asked for; a whole object is verified."""
        if tag not in (None, stream.headers.get("x-goog-generation", tag)):
            raise BlobChanged(name)
        size_bytes = _size_bytes(stream, name, offset, length)
        producer = stream.producer(length)
        crc32c = _CRC32C.search(stream.headers.get("x-goog-hash", ""))
        if length < size_bytes or crc32c is None:
            return producer
        return VerifiedProducer(producer, self.threads, _Crc32c(), base64.b64decode(crc32c[1]))


def _size_bytes(stream: Stream, name: str, offset: int, length: int) -> int:
    """Of the whole object, once it is sure that the answer is the stretch that was asked for."""
    given = _CONTENT_RANGE.fullmatch(stream.headers.get("content-range", ""))
    if stream.status != 206 or given is None:
        raise UpstreamFailed(f"download of {name}: Google's answer has no range")
    first, last, size_bytes = map(int, given.groups())
    if first == offset and size_bytes < offset + length:
        raise BlobMissing(name)
    if (first, last) != (offset, offset + length - 1):
        raise UpstreamFailed(f"download of {name}: Google's answer has another range")
    return size_bytes


class _Crc32c:
    """A checksum in the form that hashlib's digests have."""

    def __init__(self) -> None:
        self._digests = Digests([ChecksumAlgorithm.CRC32C], md5=False)
        self.update = self._digests.update

    def digest(self) -> bytes:
        return self._digests.raw(ChecksumAlgorithm.CRC32C)
