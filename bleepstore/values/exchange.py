"""What goes over the wire: a request's head and address, its answer, and the two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from twisted.web.iweb import IBodyProducer


@frozen
class RequestHead:
    """A request without its body.

    Attributes:
        method: upper case, as sent.
        target: the request target exactly as sent (``/bucket/a%2Fb?x=1``); signatures are made
            over this, never over a decoded path.
        headers: lower-case name → value; the values of a repeated header are joined with ``,``
            in their order. Text is the header's bytes decoded as UTF-8 with
            ``surrogateescape``, so encoding the same way gives the bytes back.
        remote_address: the peer's IP address.
        secure: whether the request came over TLS.
        request_id: the value of ``x-amz-request-id`` in the answer.
        received_ms: when the head was complete.
    """

    method: str
    target: bytes
    headers: Mapping[str, str]
    remote_address: str
    secure: bool
    request_id: str
    received_ms: int

    @property
    def raw_path(self) -> bytes:
        """The target up to the first ``?``, still percent-encoded."""
        return self.target.partition(b"?")[0]

    @property
    def raw_query(self) -> bytes:
        """The target after the first ``?``, still percent-encoded; empty if there is none."""
        return self.target.partition(b"?")[2]


@frozen
class Reply:
    """What goes back to the client.

    Attributes:
        status: HTTP status code.
        headers: in the order in which they are sent. ``Content-Length`` comes from the body;
            only a reply to HEAD gives it here.
        body: bytes, or a producer (Twisted's ``IBodyProducer``: it is started once, and stopped
            when the client goes away). One of ``UNKNOWN_LENGTH`` goes out in chunks.
        facts: what the log and the metrics say of this request beyond HTTP: ``operation``,
            ``bucket``, ``key``, ``access_key``, ``error_code``; each only where it is known.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | IBodyProducer = b""
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class Exchange:
    """A request and its answer when both are over: what there is to log and to count.

    Attributes:
        bytes_received: of the body, as they came off the socket.
        bytes_sent: of the body.
        duration_ms, first_byte_ms: from the complete request head to the last and to the first
            byte of the answer; ``first_byte_ms`` is None if the client left before it.
        is_complete: whether the whole answer was handed to the socket.
    """

    head: RequestHead
    status: int
    facts: Mapping[str, str]
    bytes_received: int
    bytes_sent: int
    duration_ms: float
    first_byte_ms: float | None
    is_complete: bool


@frozen
class Address:
    """Which bucket and key a request names.

    Attributes:
        bucket: None at the service level (``GET /``).
        key: None at the bucket level; never empty.
    """

    bucket: str | None = None
    key: str | None = None
