"""From bytes in a sink to a version in the metadata, in the order that durability asks for.

1. The sink commits: the bytes are durable. 2. The metadata transaction commits. 3. The caller
answers. A client that leaves before step 2 has begun undoes step 1; once it has begun, it runs to
its end whoever still listens, because nobody can know whether a commit under way will happen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import S3Error, StorageFull
from ..interfaces import ISink
from ..streams.shielding import shielded
from ..values import Blob

T = TypeVar("T")

Record = Callable[[Blob], Awaitable[T]]


async def fill_and_record(sink: ISink, fill: Callable[[ISink], Awaitable[Record[T]]]) -> T:
    """Fill a sink, commit it, and record its blob.

    Args:
        fill: writes the bytes and answers ``record``, which runs the metadata transaction that
            refers to the blob.
    """
    try:
        record = await fill(sink)
        blob = await sink.commit()
    except BaseException:
        await sink.abort()
        raise
    return await shielded(_record(sink, blob, record))


async def _record(sink: ISink, blob: Blob, record: Record[T]) -> T:
    try:
        result = await record(blob)
    except (S3Error, StorageFull):
        # The transaction has refused the change for certain. After any other failure nobody
        # knows, so the blob stays for recovery, which asks the metadata.
        await sink.abort()
        raise
    if blob.size_bytes:
        await sink.settle()
    else:  # an object without bytes has no segment that would refer to them
        await sink.abort()
    return result
