"""How tests read an upstream, whichever it is."""

from __future__ import annotations

import random

from bleepstore.storage.remote.upstream import IUpstream, Standing
from tests.streams.gathering import Gathering

NAMES = [
    "plain",
    "a//b",
    "a b+c%20d&e=f?g#h",
    "%2F",
    "grüße/日本語/🪣",
    "~!*'();:@$,[]",
    '<"quoted">',
    "x" * 1000,
]
"""That every provider takes."""


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


async def read(
    upstream: IUpstream, name: str, offset: int, length: int, tag: str | None = None
) -> bytes:
    consumer = Gathering()
    producer = await upstream.open(name, tag, offset, length)
    assert producer.length == length
    await producer.startProducing(consumer)
    return consumer.data


async def walk(upstream: IUpstream, prefix: str, after: str = "") -> list[Standing]:
    return [standing async for standing in upstream.walk(prefix, after)]
