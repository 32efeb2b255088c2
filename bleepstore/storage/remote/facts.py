"""What an answer about an object has to tell, with every provider that tells it in HTTP's own headers."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import UpstreamFailed


def tag_of(headers: Mapping[str, str], what: str) -> str:
    """The tag of the object that an answer is about.

    Args:
        headers: by lower-case name.
        what: was asked for, for the message.

    Raises:
        UpstreamFailed: it has none.
    """
    tag = headers.get("etag", "").strip('"')
    if not tag:
        raise UpstreamFailed(f"{what}: the answer has no ETag")
    return tag


def length_of(headers: Mapping[str, str], what: str) -> int:
    """The size of that object in bytes; arguments and errors are those of :func:`tag_of`."""
    size = headers.get("content-length", "")
    if not (size.isascii() and size.isdigit()):
        raise UpstreamFailed(f"{what}: the answer has no length")
    return int(size)
