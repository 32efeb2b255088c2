"""Makes ``aws-chunked`` bodies, signed by the client's side of Signature Version 4."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bleepstore.auth.chunks import ChunkSigner, ChunkVerifier
from bleepstore.auth.sigv4 import Scope
from bleepstore.values import PayloadFraming


def signer() -> ChunkSigner:
    scope = Scope("20130524", "us-east-1", "s3")
    return ChunkSigner(b"key", "20130524T000000Z", scope, "0" * 64)


def signed_framing(**options: object) -> PayloadFraming:
    return PayloadFraming(aws_chunked=True, verifier=ChunkVerifier(signer()), **options)  # type: ignore[arg-type]


def encode(chunks: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """An unsigned body."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return framed + b"0\r\n" + trailer + b"\r\n"


def encode_signed(chunks: Sequence[bytes], trailer: dict[str, str] | None = None) -> bytes:
    """A signed body, with a signed trailer if there is one."""
    hand = signer()
    framed = b""
    for chunk in [*chunks, b""]:
        signature = hand.sign_chunk(hashlib.sha256(chunk).hexdigest())
        framed += b"%x;chunk-signature=%s\r\n%s" % (len(chunk), signature.encode(), chunk)
        framed += b"\r\n" if chunk else b""
    if trailer:
        lines = "".join(f"{name}:{value}\n" for name, value in trailer.items())
        signature = hand.sign_trailer(hashlib.sha256(lines.encode()).hexdigest())
        framed += lines.replace("\n", "\r\n").encode()
        framed += b"x-amz-trailer-signature:%s\r\n" % signature.encode()
    return framed + b"\r\n"
