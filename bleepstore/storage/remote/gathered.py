"""Reads a body that is small enough to be in memory as a whole."""

from __future__ import annotations

from twisted.web.iweb import IBodyProducer

from ...streams.blocks import Blocks


async def gathered(body: IBodyProducer) -> bytes:
    """All bytes of a body that has not been started yet.

    Raises:
        UpstreamFailed: it was cut short, or is not what was asked for.
    """
    pieces: list[bytes] = []
    blocks = Blocks(body)
    blocks.start()
    try:
        while some := await blocks.next():
            pieces += some
    finally:
        blocks.stop()
    return b"".join(pieces)
