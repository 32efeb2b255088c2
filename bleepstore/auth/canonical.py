"""The canonical request: the one spelling of a request that both sides sign.

It is made from the bytes on the wire, never from a decoded path: ``//``, ``.`` and ``..`` are
parts of keys in S3 and stay as they are.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

QueryFields = list[tuple[str, str]]
"""Names and values of a query string, percent-encoded the one way, sorted."""

SIGNATURE_FIELD = "X-Amz-Signature"

# Most clients send the canonical spelling, and seeing that it is one costs less than making it:
# unreserved characters (RFC 3986 section 2.3) as they are, upper-case escapes of all others.
_ESCAPE = rb"%(?!2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])[0-9A-F]{2}"
_PATH = rb"[A-Za-z0-9\-._~/]*"
_QUERY = rb"[A-Za-z0-9\-._~&=]*"
_is_canonical_path = re.compile(_PATH + rb"(?:(?!%2F)" + _ESCAPE + _PATH + rb")*").fullmatch
_is_canonical_query = re.compile(_QUERY + rb"(?:" + _ESCAPE + _QUERY + rb")*").fullmatch

_spaces = re.compile(r"[ \t]+")


def canonical_path(raw: bytes) -> str:
    """The path, each byte but the unreserved ones and ``/`` escaped once.

    An escape that is none (``%zz``) is text, so its percent sign is escaped.
    """
    if _is_canonical_path(raw):
        return raw.decode("ascii") or "/"
    return quote_from_bytes(unquote_to_bytes(raw), safe="/")


def query_fields(raw: bytes) -> QueryFields:
    """The fields of a raw query string in canonical spelling and order; ``+`` is a space."""
    if _is_canonical_query(raw):
        texts = [field.partition("=") for field in raw.decode("ascii").split("&") if field]
        fields = [(name, value.replace("=", "%3D")) for name, _, value in texts]
    else:
        parts = [field.partition(b"=") for field in raw.split(b"&") if field]
        fields = [(_recode(name), _recode(value)) for name, _, value in parts]
    fields.sort()
    return fields


def canonical_query(fields: QueryFields) -> str:
    """The query string of the canonical request: all of the fields but the signature."""
    return "&".join(f"{name}={value}" for name, value in fields if name != SIGNATURE_FIELD)


def canonical_value(value: str) -> str:
    """A header's value without spaces around it and with runs of spaces made one.

    Tabs count as spaces, as they do to botocore. Other white space of Unicode is content.
    """
    if value.isascii():
        return " ".join(value.split())
    return _spaces.sub(" ", value).strip(" ")


def canonical_request(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    signed_headers: Sequence[str],
    payload_hash: str,
) -> bytes:
    """Put the canonical request together.

    Args:
        method: upper case.
        path: of :func:`canonical_path`.
        query: of :func:`canonical_query`.
        headers: by lower-case name, values as sent.
        signed_headers: lower-case names in order. One that the request lacks has no line, so
            that a header which was signed and taken away is noticed.
        payload_hash: hexadecimal SHA-256 of the body or one of the constants that stand for it.
    """
    lines = "".join(
        [f"{name}:{canonical_value(headers[name])}\n" for name in signed_headers if name in headers]
    )
    text = f"{method}\n{path}\n{query}\n{lines}\n{';'.join(signed_headers)}\n{payload_hash}"
    return text.encode("utf-8", "surrogateescape")


def _recode(raw: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(raw.replace(b"+", b" ")), safe="")
