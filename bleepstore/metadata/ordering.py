"""The order of keys: by UTF-8 bytes, which is the order of code points."""

from __future__ import annotations

LAST = "\U0010ffff"
"""The last code point: greater than every text that begins with another one."""


def successor(prefix: str) -> str | None:
    """The least text greater than every text that begins with ``prefix``.

    None if there is none: for the empty prefix, and for one of U+10FFFF alone.
    """
    stem = prefix.rstrip(LAST)
    if not stem:
        return None
    code_point = ord(stem[-1]) + 1
    if code_point == 0xD800:  # surrogates have no UTF-8
        code_point = 0xE000
    return stem[:-1] + chr(code_point)
