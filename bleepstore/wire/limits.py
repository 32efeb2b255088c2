"""How long and how much the wire puts up with before it refuses."""

from __future__ import annotations

from attrs import frozen


@frozen
class WireLimits:
    """The limits of one connection.

    Attributes:
        header_timeout_seconds: from the first byte of a header block (or from the accepted
            connection) to its end, however many bytes trickle in between.
        idle_timeout_seconds: how long a connection is kept open between two requests.
        body_stall_seconds: the window over which a body's rate is measured.
        min_body_rate_bytes_per_second: a body that comes in more slowly is refused. Time in which
            we keep the client waiting ourselves does not count.
        response_stall_seconds: how long a client may leave what the socket holds for it (up to
            one block of the answer) unread.
        linger_seconds: how long a closing connection goes on reading what the client still sends,
            so that the answer is not lost to a connection reset (RFC 9112 section 9.6).
        header_bytes: request line and header fields together.
        discard_bytes: how much of a body that nobody read is read and dropped to keep the
            connection in use; with more to come the connection is closed instead.
        body_buffer_bytes: with this much of a body waiting for its reader, reading stops.
    """

    header_timeout_seconds: float = 30
    idle_timeout_seconds: float = 60
    body_stall_seconds: float = 30
    min_body_rate_bytes_per_second: int = 1024
    response_stall_seconds: float = 120
    linger_seconds: float = 10
    header_bytes: int = 32 * 1024
    discard_bytes: int = 1024 * 1024
    body_buffer_bytes: int = 16 * 1024
