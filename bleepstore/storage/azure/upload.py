"""An upload in blocks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from zope.interface import implementer

from ...streams.threads import Threads
from ..remote.upstream import IUpstreamUpload
from .blobs import Blobs
from .blocks import BlockList


@implementer(IUpstreamUpload)
class BlockUpload:
    """Sends block after block.

    Args:
        threads: where they are hashed, for the service to check each of them, and all of them for
            whoever reads the blob: the service knows no MD5 of a blob made of blocks.
    """

    def __init__(self, blobs: Blobs, threads: Threads, name: str) -> None:
        self._blobs = blobs
        self._threads = threads
        self._list = BlockList(blobs.container, name)
        self._whole = hashlib.md5(usedforsecurity=False)
        self._count = 0

    async def write(self, part: bytes) -> None:
        content_md5 = await self._threads.run(self._hash, part)
        index, self._count = self._count, self._count + 1
        await self._list.put(index, part, content_md5)

    def _hash(self, part: bytes) -> str:
        self._whole.update(part)
        return content_md5_of(part)

    async def finish(self) -> str:
        return await self._list.commit(self._count, md5_header(self._whole.digest()))

    async def abort(self) -> None:
        if self._count:
            self._count = 0
            await self._blobs.discard(self._list.name)


def content_md5_of(content: bytes) -> str:
    """The MD5 in the form of headers."""
    return _encoded(hashlib.md5(content, usedforsecurity=False).digest())


def md5_header(digest: bytes) -> Mapping[str, str]:
    """The header that keeps a blob's MD5 with it."""
    return {"x-ms-blob-content-md5": _encoded(digest)}


def _encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
