"""Text in headers: what must not be in it, and how S3 shows user metadata beyond ASCII (RFC 2047)."""

from __future__ import annotations

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def has_controls(text: str) -> bool:
    """Whether there are characters that no header value may have (RFC 9110 section 5.5)."""
    return _CONTROL.search(text) is not None


def encode_words(value: str) -> str:
    """A value as ASCII."""
    if value.isascii():
        return value
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode('ascii')}?="


def decode_words(value: str) -> str:
    """A value with its encoded words decoded; as it is, if they are none or cannot be."""
    if "=?" not in value:
        return value
    try:
        words = [
            text if isinstance(text, str) else text.decode(charset or "ascii")
            for text, charset in decode_header(value)
        ]
    except (HeaderParseError, UnicodeError, LookupError, ValueError):
        return value
    decoded = "".join(words)
    return value if has_controls(decoded) else decoded
