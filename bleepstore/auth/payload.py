"""What ``x-amz-content-sha256`` says of a request's body.

The header is a hash of the body or one of a few constants; either way it is the last line of the
canonical request, so it is always signed.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import S3Error
from ..values import PayloadFraming
from .chunks import ChunkSigner, ChunkVerifier

PAYLOAD_HEADER = "x-amz-content-sha256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_AND_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_DECODED_LENGTH = "x-amz-decoded-content-length"
_CONSTANTS = frozenset(
    [UNSIGNED_PAYLOAD, SIGNED_CHUNKS, SIGNED_CHUNKS_AND_TRAILER, UNSIGNED_CHUNKS_AND_TRAILER]
)
_is_sha256 = re.compile(r"[0-9A-Fa-f]{64}").fullmatch
_is_length = re.compile(r"[0-9]{1,19}").fullmatch


def check_payload_hash(payload_hash: str) -> None:
    """Refuse a value that is neither a hash nor a constant that we know.

    Raises:
        S3Error: ``NotImplemented`` for the chunks of Signature Version 4A, ``InvalidArgument``.
    """
    if payload_hash in _CONSTANTS or _is_sha256(payload_hash):
        return
    if payload_hash.startswith("STREAMING-AWS4-ECDSA-"):
        raise S3Error("NotImplemented", f"{payload_hash} is not supported.")
    raise S3Error(
        "InvalidArgument",
        f"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, {UNSIGNED_CHUNKS_AND_TRAILER}, "
        f"{SIGNED_CHUNKS}, {SIGNED_CHUNKS_AND_TRAILER} or a valid sha256 value.",
        ArgumentName=PAYLOAD_HEADER,
        ArgumentValue=payload_hash,
    )


def read_framing(
    payload_hash: str, headers: Mapping[str, str], signer: ChunkSigner | None
) -> PayloadFraming:
    """How to read the body of a request.

    Args:
        payload_hash: checked by :func:`check_payload_hash`.
        headers: of the request.
        signer: goes on from the request's signature; None if the request is anonymous.

    Raises:
        S3Error: ``MissingContentLength``, ``InvalidArgument`` (also for chunks that the hash
            does not announce), and ``AccessDenied`` for signed
            chunks in a request that is not signed.
    """
    if payload_hash == UNSIGNED_PAYLOAD or payload_hash not in _CONSTANTS:
        _refuse_undeclared_chunks(payload_hash, headers)
        is_hash = payload_hash != UNSIGNED_PAYLOAD
        return PayloadFraming(sha256_hex=payload_hash.lower() if is_hash else None)
    verifier = None
    if payload_hash != UNSIGNED_CHUNKS_AND_TRAILER:
        if signer is None:
            raise S3Error("AccessDenied", "Signed chunks need a signed request.")
        verifier = ChunkVerifier(signer)
    return PayloadFraming(
        aws_chunked=True,
        verifier=verifier,
        trailer=() if payload_hash == SIGNED_CHUNKS else _trailer_names(headers),
        decoded_length=_decoded_length(headers),
    )


def _refuse_undeclared_chunks(payload_hash: str, headers: Mapping[str, str]) -> None:
    """A client that tells a decoded length sends chunks: taken as they are they would be stored."""
    if _DECODED_LENGTH in headers:
        raise S3Error(
            "InvalidArgument",
            f"{_DECODED_LENGTH} needs a streaming x-amz-content-sha256.",
            ArgumentName=PAYLOAD_HEADER,
            ArgumentValue=payload_hash,
        )


def _trailer_names(headers: Mapping[str, str]) -> tuple[str, ...]:
    names = headers.get("x-amz-trailer", "").lower().split(",")
    return tuple(name.strip() for name in names if name.strip())


def _decoded_length(headers: Mapping[str, str]) -> int:
    text = headers.get(_DECODED_LENGTH)
    if text is None:
        raise S3Error("MissingContentLength")
    if not _is_length(text):
        raise S3Error(
            "InvalidArgument",
            f"{_DECODED_LENGTH} must be a number of bytes.",
            ArgumentName=_DECODED_LENGTH,
            ArgumentValue=text,
        )
    return int(text)
