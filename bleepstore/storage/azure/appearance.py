"""How an object looks to other tools: headers of a blob, and its metadata.

Names of metadata have to be C# identifiers on Azure, and values ASCII. What is not is encoded, so
that it comes back as it was: ``my-key`` is ``s3_my_2dkey``, and a value that is no plain ASCII is an
encoded word of RFC 2047, as S3 itself shows it. ``Expires`` has no place there, nor has a header
that is not ASCII.

https://learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from ...values import Appearance

METADATA = "x-ms-meta-"
HEADERS = (
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
)

_MARK = "s3_"
_is_identifier = re.compile(r"[a-z_][a-z0-9_]*").fullmatch
_ordinary = re.compile(r"[a-z0-9]")
_escape = re.compile(r"_([0-9a-f]{2})")
_is_encoded_name = re.compile(r"s3_(?:[a-z0-9]|_[0-9a-f]{2})*").fullmatch
# Without spaces at the ends or two in a row, which do not survive in a header.
_is_plain = re.compile(r"[!-~]+(?: [!-~]+)*").fullmatch
_encoded_word = re.compile(r"=\?UTF-8\?B\?([A-Za-z0-9+/]*=*)\?=")


def to_headers(appearance: Appearance) -> dict[str, str]:
    """The headers of a request that makes a blob look like this."""
    given = ((name, appearance.headers.get(name, "")) for name in HEADERS)
    headers = {f"x-ms-blob-{name}": value for name, value in given if _is_plain(value)}
    for name, value in appearance.user_metadata.items():
        headers[METADATA + encode_name(name)] = encode_value(value)
    return headers


def from_headers(headers: Mapping[str, str]) -> Appearance:
    """What the headers of an answer say, by lower-case name."""
    return read(
        {name: headers[name] for name in HEADERS if headers.get(name)},
        {
            name.removeprefix(METADATA): value
            for name, value in headers.items()
            if name.startswith(METADATA)
        },
    )


def read(headers: Mapping[str, str], metadata: Mapping[str, str]) -> Appearance:
    """An appearance of headers, and metadata as Azure has them."""
    return Appearance(
        headers,
        {decode_name(name.lower()): decode_value(value) for name, value in metadata.items()},
    )


def encode_name(name: str) -> str:
    """A name of S3 metadata, which is lower case, as an identifier."""
    if _is_identifier(name) and not name.startswith(_MARK):
        return name
    letters = (chr(byte) for byte in name.encode())
    return _MARK + "".join(c if _ordinary.match(c) else f"_{ord(c):02x}" for c in letters)


def decode_name(name: str) -> str:
    """The inverse of :func:`encode_name`; a name that it cannot have made is left as it is."""
    if not _is_encoded_name(name):
        return name
    text = _escape.sub(lambda match: chr(int(match[1], 16)), name.removeprefix(_MARK))
    try:
        decoded = text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return name
    return decoded if encode_name(decoded) == name else name


def encode_value(value: str) -> str:
    """A value as text that goes through a header unchanged."""
    if _is_plain(value) and not _encoded_word.fullmatch(value):
        return value
    return f"=?UTF-8?B?{base64.b64encode(value.encode()).decode('ascii')}?="


def decode_value(value: str) -> str:
    """The inverse of :func:`encode_value`; other text is left as it is."""
    match = _encoded_word.fullmatch(value)
    if match is None:
        return value
    try:
        return base64.b64decode(match[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value
