"""Takes the ``aws-chunked`` framing off a body, whatever pieces the body arrives in.

The framing is a content coding of S3's own, independent of HTTP's chunked transfer coding::

    <size in hex>[;chunk-signature=<hex>] CRLF <data> CRLF      for each chunk
    0[;chunk-signature=<hex>] CRLF [<trailer>] [CRLF]           at the end

Data passes through as it comes: a chunk is never held back until its signature is known to be
right, so a chunk of any size costs no memory. Whoever takes the data must not use it before
:meth:`ChunkDecoder.finish` has returned.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from ..errors import S3Error
from ..values import PayloadFraming
from .trailer import read_trailer

# A size of 16 hexadecimal digits and a signature of 64 take 100 bytes; the rest is lenience.
MAX_LINE_BYTES = 1024
MAX_TRAILER_BYTES = 16 * 1024
# S3's own rule; without it a body of tiny chunks would cost many times its size.
MIN_CHUNK_BYTES = 8 * 1024

_chunk_line = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*((?:;[^\r\n]*)?)").fullmatch
_SIGNATURE = b"chunk-signature="


class ChunkDecoder:
    """A decoder for one body. Every error that it raises is an ``S3Error``.

    Args:
        framing: says what is signed, which trailer is announced, and how long the content is.
    """

    def __init__(self, framing: PayloadFraming) -> None:
        self._framing = framing
        self._read: Callable[[bytes, int], int] = self._read_line
        self._line = bytearray()
        self._trailer = bytearray()
        self._payload: list[memoryview] = []
        self._chunk_left = 0
        self._chunks = 0
        self._small_chunk: int | None = None
        self._content_left = framing.decoded_length
        self._signature = ""
        self._sha256 = hashlib.sha256()

    def feed(self, block: bytes) -> list[memoryview]:
        """Take the next bytes of the body.

        Returns:
            The stretches of ``block`` that are content.

        Raises:
            S3Error: ``InvalidRequest``, ``IncompleteBody``, ``SignatureDoesNotMatch``,
                ``MalformedTrailerError``, ``InvalidChunkSizeError``.
        """
        position = 0
        while position < len(block):
            position = self._read(block, position)
        payload, self._payload = self._payload, []
        return payload

    def finish(self) -> dict[str, str]:
        """The body is over: answer the headers of its trailer, by lower-case name.

        Raises:
            S3Error: ``IncompleteBody``, ``MalformedTrailerError``, ``SignatureDoesNotMatch``.
        """
        if self._read != self._read_trailer or self._content_left:
            raise S3Error("IncompleteBody")
        return read_trailer(bytes(self._trailer), self._framing)

    # Each of the readers takes what it can of ``block`` from ``position`` on, and answers the
    # position behind it.

    def _read_line(self, block: bytes, position: int) -> int:
        room = MAX_LINE_BYTES - len(self._line)
        end = block.find(b"\n", position, position + room)
        stop = end + 1 if end >= 0 else min(len(block), position + room)
        self._line += block[position:stop]
        if end >= 0:
            self._begin_chunk(self._take_line())
        elif len(self._line) == MAX_LINE_BYTES:
            raise _malformed("A chunk's first line is too long.")
        return stop

    def _read_data(self, block: bytes, position: int) -> int:
        data = memoryview(block)[position : position + self._chunk_left]
        self._payload.append(data)
        if self._framing.verifier is not None:
            self._sha256.update(data)
        self._chunk_left -= len(data)
        if not self._chunk_left:
            self._verify_chunk()
            self._read = self._read_data_end
        return position + len(data)

    def _read_data_end(self, block: bytes, position: int) -> int:
        stop = position + 2 - len(self._line)
        self._line += block[position:stop]
        if not b"\r\n".startswith(self._line):
            raise _malformed("A chunk does not end where its size says.")
        if len(self._line) == 2:
            self._line.clear()
            self._read = self._read_line
        return min(stop, len(block))

    def _read_trailer(self, block: bytes, position: int) -> int:
        self._trailer += block[position : position + MAX_TRAILER_BYTES + 1]
        if len(self._trailer) > MAX_TRAILER_BYTES:
            raise S3Error("MalformedTrailerError")
        return len(block)

    def _take_line(self) -> bytes:
        line = bytes(self._line)
        self._line.clear()
        if not line.endswith(b"\r\n"):
            raise _malformed("A chunk's first line does not end in CRLF.")
        return line[:-2]

    def _begin_chunk(self, line: bytes) -> None:
        match = _chunk_line(line)
        if match is None:
            raise _malformed("A chunk's size is not a hexadecimal number.")
        self._chunk_left = int(match[1], 16)
        if self._framing.verifier is not None:
            self._signature = _signature(match[2])
            self._sha256 = hashlib.sha256()
        self._count_content()
        if self._chunk_left:
            self._check_size_before()
            self._read = self._read_data
        else:
            self._verify_chunk()
            self._read = self._read_trailer

    def _check_size_before(self) -> None:
        """Another chunk with data begins: the one before it was not the last."""
        if self._small_chunk is not None:
            raise S3Error(
                "InvalidChunkSizeError",
                Chunk=str(self._chunks),
                BadChunkSize=str(self._small_chunk),
            )
        self._chunks += 1
        if self._chunk_left < MIN_CHUNK_BYTES:
            self._small_chunk = self._chunk_left

    def _count_content(self) -> None:
        if self._content_left is None:
            return
        self._content_left -= self._chunk_left
        if self._content_left < 0:
            raise S3Error("IncompleteBody")

    def _verify_chunk(self) -> None:
        if self._framing.verifier is not None:
            self._framing.verifier.verify_chunk(self._sha256.hexdigest(), self._signature)


def _signature(extensions: bytes) -> str:
    for extension in extensions.split(b";"):
        text = extension.strip()
        if text.startswith(_SIGNATURE):
            return text[len(_SIGNATURE) :].decode("ascii", "replace")
    raise _malformed("A chunk has no signature.")


def _malformed(what: str) -> S3Error:
    return S3Error("InvalidRequest", f"The aws-chunked body is malformed. {what}")
