"""What columns hold, in the database and in a file that carries metadata elsewhere.

A file may come from anywhere, so each value is checked for what the rest of this room relies on.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from attrs import frozen

from ..values import ChecksumAlgorithm, ChecksumType, Ownership, Permission, Versioning

_MOST = 2**63 - 1
_MAX_NAME_BYTES = 1024
_MAX_LOCATOR_BYTES = 4096  # gateways' have bucket and key in them, and what the provider adds

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _same(value: Any) -> Any:
    return value


@frozen
class Kind:
    """One kind of column.

    Attributes:
        expected: what a value in a file is, as the end of a sentence.
        is_valid: whether a value of a file is that.
        to_file, to_row: from the database's value to the file's, and back.
    """

    expected: str
    is_valid: Callable[[Any], bool]
    to_file: Callable[[Any], Any] = _same
    to_row: Callable[[Any], Any] = _same


def _is_text(value: object) -> bool:
    """Text that UTF-8 can say, without NUL, which PostgreSQL's text cannot hold."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(value: object) -> bool:
    return _is_text(value) and 0 < len(str(value).encode()) <= _MAX_NAME_BYTES


def _is_locator(value: object) -> bool:
    return _is_text(value) and 0 < len(str(value).encode()) <= _MAX_LOCATOR_BYTES


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def _is_count(value: Any) -> bool:
    return _is_integer(value) and value >= 0


def _is_list(value: object, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(of, value))


def _is_mapping(value: object) -> bool:
    return (
        isinstance(value, dict) and all(map(_is_text, value)) and all(map(_is_text, value.values()))
    )


def _is_tag(value: Any) -> bool:
    return _is_list(value, _is_text) and len(value) == 2


def _is_checksum(value: Any) -> bool:
    return (
        _is_list(value, _is_text)
        and len(value) == 3
        and value[0] in set(ChecksumAlgorithm)
        and value[2] in set(ChecksumType)
    )


def _is_part(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and _is_count(value[0])
        and _is_count(value[1])
        and _is_list(value[2], _is_checksum)
    )


def _is_segment(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and _is_locator(value[0])
        and _is_count(value[1])
        and _is_count(value[2])
    )


def _is_grant(value: Any) -> bool:
    """As :func:`bleepstore.auth.acl.dump_acl` writes them."""
    if not _is_list(value, _is_text) or len(value) < 3 or value[0] not in set(Permission):
        return False
    return len(value) == {"user": 4, "group": 3}.get(value[1])


def _is_base64(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _json(expected: str, is_valid: Callable[[Any], bool]) -> Kind:
    """JSON text in the database, ``''`` for none; a JSON value, or null, in the file."""
    return Kind(
        f"{expected}, or null",
        lambda value: value is None or is_valid(value),
        lambda column: json.loads(column) if column else None,
        lambda value: "" if value is None else _encode(value),
    )


def one_of(*texts: str) -> Kind:
    """One of a few texts."""
    return Kind(f"one of {', '.join(map(repr, texts))}", lambda value: value in texts)


TEXT = Kind("text", _is_text)
NAME = Kind("text of 1 to 1,024 bytes", _is_name)
LOCATOR = Kind("text of 1 to 4,096 bytes", _is_locator)
COUNT = Kind("a number, 0 or more", _is_count)
INTEGER = Kind("a number", _is_integer)
FLAG = Kind("true or false", lambda value: isinstance(value, bool), bool, int)
SECRET = Kind("text, or null where it was left out", lambda value: value is None or _is_name(value))
BYTES = Kind(
    "bytes in base64, or null",
    lambda value: value is None or _is_base64(value),
    lambda column: None if column is None else base64.b64encode(column).decode("ascii"),
    lambda value: None if value is None else base64.b64decode(value),
)
VERSIONING = one_of(*Versioning)
OWNERSHIP = one_of("", *Ownership)
CHECKSUM_ALGORITHM = one_of("", *ChecksumAlgorithm)
CHECKSUM_TYPE = one_of("", *ChecksumType)
MAPPING = _json("an object of texts", _is_mapping)
TAGS = _json("a list of pairs of texts", lambda value: _is_list(value, _is_tag))
CHECKSUMS = _json("a list of checksums", lambda value: _is_list(value, _is_checksum))
PARTS = _json("a list of parts", lambda value: _is_list(value, _is_part))
SEGMENTS = _json("a list of segments", lambda value: _is_list(value, _is_segment))
ACL = _json("a list of grants", lambda value: _is_list(value, _is_grant))
