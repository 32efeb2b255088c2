"""Reads a small request body, such as an XML document, into memory."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed

from ..errors import S3Error
from ..interfaces import IRequestBody
from ..values import Checksum, ChecksumAlgorithm, PayloadFraming
from .threads import Threads
from .upload import Demands, receive

_BY_HEADER = {algorithm.header: algorithm for algorithm in ChecksumAlgorithm}


async def collect(
    body: IRequestBody,
    framing: PayloadFraming,
    limit_bytes: int,
    threads: Threads,
    content_md5: bytes | None = None,
    checksum: Checksum | None = None,
) -> bytes:
    """The whole content of a body, verified as that of an upload is.

    Args:
        limit_bytes: the greatest length of the content.
        content_md5: the digest in ``Content-MD5``, 16 bytes.
        checksum: the one that a header declares; one in the trailer is found there.

    Raises:
        S3Error: ``MaxMessageLengthExceeded``, before anything is read if the client declared
            the length; and as :func:`~bleepstore.streams.upload.receive`.
        ClientGone: the client left before its body was complete.
    """
    declared = framing.decoded_length if framing.aws_chunked else body.length
    if isinstance(declared, int) and declared > limit_bytes:
        raise _too_long(limit_bytes)
    demands = Demands(
        md5=content_md5,
        checksum=checksum,
        trailer_algorithm=next((_BY_HEADER[n] for n in framing.trailer if n in _BY_HEADER), None),
        expected_size=declared if isinstance(declared, int) else None,
    )
    memory = _Memory(limit_bytes)
    await receive(body, framing, demands, memory, threads)
    return memory.content


def _too_long(limit_bytes: int) -> S3Error:
    return S3Error("MaxMessageLengthExceeded", MaxMessageLengthBytes=str(limit_bytes))


class _Memory:
    """Keeps what is written, up to a limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._blocks: list[bytes] = []
        self._size_bytes = 0

    @property
    def content(self) -> bytes:
        return b"".join(self._blocks)

    def write(self, block: bytes) -> Deferred[None]:
        self._size_bytes += len(block)
        if self._size_bytes > self._limit_bytes:
            return fail(_too_long(self._limit_bytes))
        self._blocks.append(block)
        return succeed(None)
