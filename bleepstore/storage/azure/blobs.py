"""Single blobs: put whole, looked at, read, deleted.

https://learn.microsoft.com/rest/api/storageservices/operations-on-blobs
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from attrs import frozen
from twisted.web.iweb import IBodyProducer

from ...errors import BlobChanged, BlobMissing, UpstreamFailed
from ...streams.producers import BytesProducer
from ...streams.threads import Threads
from ..remote.client import Answer, Stream
from ..remote.upstream import Standing
from ..remote.verified import VerifiedProducer
from .answers import code_of, failure, failure_of_blob, is_absent, md5_hex, standing, tag_of_written
from .blocks import BlockList
from .container import Container

# The service takes the MD5 of a range for us up to this length.
_MAX_RANGE_MD5_BYTES = 4 * 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@frozen
class Blobs:
    """The blobs of a container, one at a time."""

    container: Container
    threads: Threads

    async def put(
        self, name: str, content: bytes, content_md5: str, headers: Mapping[str, str]
    ) -> str:
        """Make a blob stand; the service refuses it if it arrives changed. Answers its tag."""
        own = {"x-ms-blob-type": "BlockBlob", "content-md5": content_md5}
        outgoing = self.container.request("PUT", name, headers={**headers, **own}, body=content)
        return tag_of_written(await self.container.send(outgoing), f"upload of {name}")

    async def look(self, name: str) -> Standing | None:
        """What stands under a name."""
        what = f"look at {name}"
        answer = await self.container.send(self.container.request("HEAD", name))
        if answer.status == 404 and not code_of(answer.headers):
            answer = await self._look_again(name)
        if is_absent(answer):
            return None
        if answer.status != 200:
            raise failure(answer, what)
        return standing(name, answer.headers, what)

    async def _look_again(self, name: str) -> Answer:
        """In a way whose errors always have a code, unlike those of HEAD on some ways here."""
        headers = {"range": "bytes=0-0"}
        stream = await self.container.open(self.container.request("GET", name, headers=headers))
        if stream.status not in (200, 206):
            return await self.container.refused(stream)
        stream.close()
        raise UpstreamFailed(f"look at {name}: there now, but not a moment ago")

    async def delete(self, name: str) -> None:
        """Delete a blob, with snapshots that somebody may have made of it."""
        headers = {"x-ms-delete-snapshots": "include"}
        outgoing = self.container.request("DELETE", name, headers=headers)
        answer = await self.container.send(outgoing)
        if answer.status != 202 and not is_absent(answer):
            raise failure(answer, f"deletion of {name}")

    async def delete_if(self, name: str, tag: str) -> None:
        """Delete a blob that is in this state, and leave it alone in any other."""
        headers = {"x-ms-delete-snapshots": "include", "if-match": f'"{tag}"'}
        outgoing = self.container.request("DELETE", name, headers=headers)
        answer = await self.container.send(outgoing)
        is_other = answer.status == 412 and code_of(answer.headers) == "ConditionNotMet"
        if answer.status != 202 and not is_absent(answer) and not is_other:
            raise failure(answer, f"deletion of {name}")

    async def discard(self, name: str) -> None:
        """Let go of the blocks of an unfinished upload.

        They cannot be deleted, but an empty list lets go of them, and what it makes can be.
        """
        await BlockList(self.container, name).commit(0, {})
        await self.delete(name)

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        """A producer of a stretch of a blob."""
        if not length:
            return await self._open_nothing(name, tag, offset)
        headers = {"range": f"bytes={offset}-{offset + length - 1}"}
        if tag is not None:
            headers["if-match"] = f'"{tag}"'
        if length <= _MAX_RANGE_MD5_BYTES:
            headers["x-ms-range-get-content-md5"] = "true"
        stream = await self.container.open(self.container.request("GET", name, headers=headers))
        if stream.status != 206:
            answer = await self.container.refused(stream)
            raise failure_of_blob(answer, f"download of {name}", name)
        try:
            return self._producer(stream, name, offset, length)
        except BaseException:
            stream.close()
            raise

    async def _open_nothing(self, name: str, tag: str | None, offset: int) -> IBodyProducer:
        found = await self.look(name)
        if found is None or found.size_bytes < offset:
            raise BlobMissing(name)
        if tag not in (None, found.tag):
            raise BlobChanged(name)
        return BytesProducer(b"")

    def _producer(self, stream: Stream, name: str, offset: int, length: int) -> IBodyProducer:
        """The body of an answer that is what was asked for, held against its MD5 if there is one."""
        given = _CONTENT_RANGE.fullmatch(stream.headers.get("content-range", ""))
        if given is None:
            raise UpstreamFailed(f"download of {name}: the answer has no range")
        first, last, size_bytes = map(int, given.groups())
        if first == offset and size_bytes < offset + length:
            raise BlobMissing(name)
        if (first, last) != (offset, offset + length - 1):
            raise UpstreamFailed(f"download of {name}: the answer has another range")
        body = stream.producer(length)
        expected = md5_hex(_content_md5(stream.headers, is_whole=length == size_bytes))
        if not expected:
            return body
        digest = hashlib.md5(usedforsecurity=False)
        return VerifiedProducer(body, self.threads, digest, bytes.fromhex(expected))


def _content_md5(headers: Mapping[str, str], *, is_whole: bool) -> str:
    """The MD5 of what is in the answer; that of the whole blob has a header of its own."""
    of_blob = headers.get("x-ms-blob-content-md5", "") if is_whole else ""
    return of_blob or headers.get("content-md5", "")
