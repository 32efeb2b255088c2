"""From the parsed lines of a request to its :class:`~bleepstore.values.RequestHead`."""

from __future__ import annotations

from attrs import frozen
from twisted.web.http_headers import Headers

from ..values import RequestHead


class MalformedHead(Exception):
    """A head that HTTP does not allow.

    Args:
        code: the S3 error code of the refusal.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@frozen
class Peer:
    """What is the same for every request of a connection."""

    remote_address: str
    secure: bool


def make_head(
    line: tuple[bytes, bytes, bytes],
    fields: Headers,
    peer: Peer,
    request_id: str,
    received_ms: int,
) -> RequestHead:
    """Build the head of a request.

    Args:
        line: method, target and version of the request line.

    Raises:
        MalformedHead: for a missing or repeated ``Host`` in HTTP/1.1 (RFC 9112 section 3.2) or a
            target that is none of origin-form, absolute-form and ``*`` (section 3.2.4).
    """
    method, target, version = line
    headers = _read_fields(fields)
    if not _has_one_host(fields, version):
        raise MalformedHead("InvalidRequest")
    if not target.startswith(b"/"):
        target = _normalise(method, target, headers)
    return RequestHead(
        method=method.decode("ascii"),
        target=target,
        headers=headers,
        remote_address=peer.remote_address,
        secure=peer.secure,
        request_id=request_id,
        received_ms=received_ms,
    )


def _read_fields(fields: Headers) -> dict[str, str]:
    return {
        name.decode("ascii").lower(): b",".join(values).decode("utf-8", "surrogateescape")
        for name, values in fields.getAllRawHeaders()
    }


def _has_one_host(fields: Headers, version: bytes) -> bool:
    count = len(fields.getRawHeaders(b"Host") or ())
    return count == 1 or (count == 0 and version == b"HTTP/1.0")


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
