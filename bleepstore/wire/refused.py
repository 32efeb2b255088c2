"""What there is to log and to count of something that was refused before it was a request."""

from __future__ import annotations

from ..errors import S3_ERRORS
from ..values import Exchange, RequestHead
from .head import REQUEST_LINE, Peer


def refused(
    received: bytes, peer: Peer, code: str, request_id: str, now_ms: int, sent: int
) -> Exchange:
    """An exchange without a handler, answered at once.

    Args:
        received: the head, as far as it came. Method and target are empty in the exchange if not
            even the request line was understood.
        code: the S3 error code of the answer.
        sent: bytes of the answer's body.
    """
    line = REQUEST_LINE.match(received)
    method, target = line.group(1, 2) if line else (b"", b"")
    head = RequestHead(
        method=method.decode("ascii"),
        target=target,
        headers={},
        remote_address=peer.remote_address,
        secure=peer.secure,
        request_id=request_id,
        received_ms=now_ms,
    )
    return Exchange(
        head=head,
        status=S3_ERRORS[code].status,
        facts={"error_code": code},
        bytes_received=0,
        bytes_sent=sent,
        duration_ms=0.0,
        first_byte_ms=0.0,
        is_complete=True,
    )
