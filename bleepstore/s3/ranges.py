"""The ``Range`` header (RFC 9110 section 14.2), as far as S3 knows it: one range of bytes."""

from __future__ import annotations

import re

from ..errors import S3Error
from ..values import ByteRange

# The end may be larger than any object; int() has a limit of its own, beyond this one.
_RANGE = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,1000})\s*")


def parse_range(text: str | None, size_bytes: int) -> ByteRange | None:
    """The stretch of an object of ``size_bytes`` that a ``Range`` header asks for.

    None for no header, and for one that is not understood (several ranges, other units), which
    RFC 9110 wants ignored.

    Raises:
        S3Error: ``InvalidRange`` for a range that lies outside the object.
    """
    match = _RANGE.fullmatch(text) if text else None
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        return _suffix(int(last), size_bytes, match.string)
    return _interval(int(first), int(last) if last else None, size_bytes, match.string)


def _suffix(length: int, size_bytes: int, text: str) -> ByteRange:
    if length == 0 or size_bytes == 0:
        raise _unsatisfiable(text, size_bytes)
    length = min(length, size_bytes)
    return ByteRange(size_bytes - length, length)


def _interval(first: int, last: int | None, size_bytes: int, text: str) -> ByteRange | None:
    if last is not None and last < first:
        return None
    if first >= size_bytes:
        raise _unsatisfiable(text, size_bytes)
    end = size_bytes if last is None else min(last + 1, size_bytes)
    return ByteRange(first, end - first)


def _unsatisfiable(text: str, size_bytes: int) -> S3Error:
    return S3Error(
        "InvalidRange",
        headers=(("content-range", f"bytes */{size_bytes}"),),
        RangeRequested=text,
        ActualObjectSize=str(size_bytes),
    )
