"""From the bytes of a head to its :class:`~bleepstore.values.RequestHead`."""

from __future__ import annotations

import re

from attrs import frozen

from ..values import RequestHead
from .fields import read_fields
from .framing import Framing, make_framing
from .malformed import MalformedHead

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(%b) ([\x21-\xb0]+) HTTP/1\.([01])\r\n" % _TOKEN)
"""Method, target and minor version (RFC 9112 section 3). Any method will do, for S3 has an answer to
those that it does not know. Of the bytes that a target should have escaped, those that ``twisted.web``
takes are taken."""

_MAX_FIELDS = 500


@frozen
class Peer:
    """What is the same for every request of a connection."""

    remote_address: str
    secure: bool


def read_head(
    block: bytes, peer: Peer, request_id: str, received_ms: int
) -> tuple[RequestHead, Framing]:
    """Read what a client sent up to its body.

    Args:
        block: from the request line to the empty line.

    Raises:
        MalformedHead: for what is no HTTP/1.1 or HTTP/1.0, such as a missing or repeated ``Host``
            (RFC 9112 section 3.2) or a target that is none of origin-form, absolute-form and ``*``
            (section 3.2.4).
    """
    line = REQUEST_LINE.match(block)
    if line is None:
        raise MalformedHead
    if block.count(b"\n") > _MAX_FIELDS + 2:
        raise MalformedHead("RequestHeaderSectionTooLarge")
    method, target, minor_version = line.groups()
    is_http_1_1 = minor_version == b"1"
    headers = read_fields(block[line.end() :])
    if is_http_1_1 and "host" not in headers:
        raise MalformedHead
    framing = make_framing(headers, is_http_1_1=is_http_1_1)
    if not target.startswith(b"/"):
        target = _normalise(method, target, headers)
    head = RequestHead(
        method=method.decode("ascii"),
        target=target,
        headers=headers,
        remote_address=peer.remote_address,
        secure=peer.secure,
        request_id=request_id,
        received_ms=received_ms,
    )
    return head, framing


def _normalise(method: bytes, target: bytes, headers: dict[str, str]) -> bytes:
    """Turn absolute-form into origin-form; its authority replaces ``Host`` (section 3.2.2)."""
    if target == b"*" and method == b"OPTIONS":
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise MalformedHead("InvalidURI")
    authority, path = _split_authority(rest)
    if not authority:
        raise MalformedHead("InvalidURI")
    headers["host"] = authority.decode("utf-8", "surrogateescape")
    return path


def _split_authority(rest: bytes) -> tuple[bytes, bytes]:
    """``host:9000/b/k`` → ``host:9000`` and ``/b/k``; an empty path is ``/``."""
    before_query = rest.partition(b"?")[0]
    authority = before_query.partition(b"/")[0]
    path = rest[len(authority) :]
    return authority, path if path.startswith(b"/") else b"/" + path
