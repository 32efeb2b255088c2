"""Opens a stretch of an object, and makes sure that it is the one that was asked for.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import re

from twisted.web.iweb import IBodyProducer

from ...errors import BlobChanged, BlobMissing, UpstreamFailed
from ..remote.client import Answer, Stream
from .answers import failure_of
from .bucket import Ask, Bucket

_content_range = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)").fullmatch


async def open_stretch(
    bucket: Bucket, name: str, tag: str | None, offset: int, length: int
) -> IBodyProducer:
    """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.open`."""
    headers = {"range": f"bytes={offset}-{offset + length - 1}"}
    if tag is not None:
        headers["if-match"] = f'"{tag}"'
    ask = Ask("GET", name, headers=headers)
    opened = await bucket.open(ask)
    if isinstance(opened, Answer):
        raise failure_of(opened, str(ask), name)
    try:
        _check(opened, name, tag, offset, length)
    except BaseException:
        opened.close()
        raise
    return opened.producer(length)


def _check(stream: Stream, name: str, tag: str | None, offset: int, length: int) -> None:
    """Not everything that speaks S3's protocol knows ``If-Match``."""
    if tag is not None and stream.headers.get("etag", "").strip('"') != tag:
        raise BlobChanged(name)
    first, size = _delivered(stream)
    if first != offset or size > length:
        raise UpstreamFailed(f"GET object: {size} bytes from {first}, not {length} from {offset}")
    if size < length:
        raise BlobMissing(name)


def _delivered(stream: Stream) -> tuple[int, int]:
    """Where the bytes begin, and how many they are."""
    if stream.status == 200:
        return 0, int(stream.headers.get("content-length", "0"))
    found = _content_range(stream.headers.get("content-range", ""))
    if found is None:
        raise UpstreamFailed("GET object: the answer does not say which bytes it has")
    return int(found[1]), int(found[2]) - int(found[1]) + 1
