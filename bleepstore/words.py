"""Text beyond ASCII in headers: the encoded words of RFC 2047, as S3 shows user metadata."""

from __future__ import annotations

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


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
    return value if _CONTROL.search(decoded) else decoded
