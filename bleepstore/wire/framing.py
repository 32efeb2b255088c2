"""Where a request's body ends, and what its head asks of the connection."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from .malformed import MalformedHead


@frozen
class Framing:
    """What the wire itself takes from a head.

    Attributes:
        length: of the body, in bytes; None if it is chunked.
        is_persistent: whether the client may send another request on the connection.
        is_awaited: whether the client waits for ``100 Continue`` before it sends the body.
        takes_chunks: whether the client knows the chunked transfer coding, which HTTP/1.0 has not.
    """

    length: int | None
    is_persistent: bool
    is_awaited: bool
    takes_chunks: bool


def make_framing(headers: Mapping[str, str], *, is_http_1_1: bool) -> Framing:
    """Read what the headers say of the connection.

    Raises:
        MalformedHead: for a transfer coding other than ``chunked``. A doubtful length does not come
            this far.
    """
    return Framing(
        length=_length(headers),
        is_persistent=is_http_1_1 and not _lists(headers, "connection", "close"),
        is_awaited=is_http_1_1 and _lists(headers, "expect", "100-continue"),
        takes_chunks=is_http_1_1,
    )


def _length(headers: Mapping[str, str]) -> int | None:
    if "transfer-encoding" not in headers:
        return int(headers.get("content-length", 0))
    if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
        raise MalformedHead
    return None


def _lists(headers: Mapping[str, str], name: str, option: str) -> bool:
    """Whether a field has this among its options (RFC 9110 sections 7.6.1 and 10.1.1)."""
    value = headers.get(name)
    return value is not None and option in [each.strip().lower() for each in value.split(",")]
