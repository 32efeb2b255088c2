"""The trailer of an ``aws-chunked`` body: headers that are known only when the data is over.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib

from ..errors import S3Error
from ..interfaces import IChunkVerifier
from ..values import PayloadFraming

_SIGNATURE = "x-amz-trailer-signature"


def read_trailer(raw: bytes, framing: PayloadFraming) -> dict[str, str]:
    """The headers behind the last chunk, their signature verified where chunks are signed.

    Blank lines are passed over: AWS accepts a body without its last CRLF, and some clients put
    one between the headers and their signature.

    Args:
        raw: all that follows the line of the last chunk.
        framing: names the headers that may and must be there.

    Raises:
        S3Error: ``MalformedTrailerError``, ``SignatureDoesNotMatch``.
    """
    headers = _parse(raw)
    signature = headers.pop(_SIGNATURE, None)
    if headers.keys() != set(framing.trailer):
        raise S3Error("MalformedTrailerError")
    if framing.verifier is not None and framing.trailer:
        _verify(headers, signature, framing.verifier)
    elif signature is not None:
        raise S3Error("MalformedTrailerError")
    return headers


def _parse(raw: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in raw.split(b"\n"):
        if not line.strip():
            continue
        name, value = _header(line)
        if name in headers:
            raise S3Error("MalformedTrailerError")
        headers[name] = value
    return headers


def _header(line: bytes) -> tuple[str, str]:
    try:
        name, colon, value = line.decode("ascii").partition(":")
    except UnicodeDecodeError as error:
        raise S3Error("MalformedTrailerError") from error
    if not colon:
        raise S3Error("MalformedTrailerError")
    return name.strip().lower(), value.strip()


def _verify(headers: dict[str, str], signature: str | None, verifier: IChunkVerifier) -> None:
    if signature is None:
        raise S3Error("MalformedTrailerError")
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    verifier.verify_trailer(hashlib.sha256(lines.encode("ascii")).hexdigest(), signature)
