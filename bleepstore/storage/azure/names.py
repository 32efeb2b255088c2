"""Names of blobs: which ones Azure can have, and how they stand in a URL.

https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

_MAX_CHARACTERS = 1024
_MAX_SEGMENTS = 254


def fits(name: str) -> bool:
    """Whether a blob may have this name, and is found by it whatever stands in between.

    Azure itself advises against names that proxies and its own libraries change: with ``.`` or
    ``..`` as a segment, a dot at the end of one, a slash at the end of all, or backslashes.
    """
    segments = name.split("/")
    return (
        bool(segments[-1])
        and len(segments) <= _MAX_SEGMENTS
        and len(name.encode("utf-16-le", "surrogatepass")) <= 2 * _MAX_CHARACTERS
        and not any(segment.endswith(".") for segment in segments)
        and not any(_is_forbidden(character) for character in name)
    )


def _is_forbidden(character: str) -> bool:
    """Backslashes, control characters, surrogates, private use and noncharacters."""
    if character < "\x7f":
        return character < " " or character == "\\"
    point = ord(character)
    is_no_character = point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
    return is_no_character or unicodedata.category(character) in ("Cc", "Co", "Cs")


def escaped(name: str) -> str:
    """A name as the path of a URL: every byte but the unreserved ones and ``/`` escaped."""
    return quote(name, safe="/~")


def parameters(**fields: str) -> str:
    """A query string."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
