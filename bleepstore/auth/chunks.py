"""The signatures inside a signed ``aws-chunked`` body.

Each chunk is signed together with the signature before it, and the first one with the signature
of the request, so that no chunk can be changed, left out, repeated or moved.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib

from attrs import define, field, frozen
from zope.interface import implementer

from ..errors import S3Error
from ..interfaces import IChunkVerifier
from .sigv4 import Scope, is_same_signature, signature

_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@define
class ChunkSigner:
    """Signs chunks in their order.

    Attributes:
        key: the signing key of ``scope``.
        timestamp: the request's, ``YYYYMMDDTHHMMSSZ``.
        previous: the signature of the request, then of each chunk.
    """

    key: bytes = field(repr=False)
    timestamp: str
    scope: Scope
    previous: str

    def sign_chunk(self, sha256_hex: str) -> str:
        """The signature of the next chunk, whose data has this SHA-256. The last chunk is empty."""
        return self._sign("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY_SHA256}\n{sha256_hex}")

    def sign_trailer(self, sha256_hex: str) -> str:
        """The signature of the trailer, whose lines (``name:value\\n``) have this SHA-256."""
        return self._sign("AWS4-HMAC-SHA256-TRAILER", sha256_hex)

    def _sign(self, algorithm: str, digests: str) -> str:
        text = f"{algorithm}\n{self.timestamp}\n{self.scope}\n{self.previous}\n{digests}"
        self.previous = signature(self.key, text.encode())
        return self.previous


@implementer(IChunkVerifier)
@frozen
class ChunkVerifier:
    """Signs what arrived and compares: the server's side of :class:`ChunkSigner`."""

    _signer: ChunkSigner

    def verify_chunk(self, sha256_hex: str, signature: str) -> None:
        self._compare(self._signer.sign_chunk(sha256_hex), signature)

    def verify_trailer(self, sha256_hex: str, signature: str) -> None:
        self._compare(self._signer.sign_trailer(sha256_hex), signature)

    def _compare(self, expected: str, received: str) -> None:
        if not is_same_signature(expected, received):
            raise S3Error("SignatureDoesNotMatch", SignatureProvided=received)
