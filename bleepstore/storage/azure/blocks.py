"""Blocks: the parts of a large blob, nothing of which is to be seen before their list is put.

Blocks that are in no list go by themselves after a week.

https://learn.microsoft.com/rest/api/storageservices/put-block-list
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping

from ..remote.client import Outgoing
from .answers import failure, failure_of_blob, tag_of_written
from .container import Container
from .names import parameters

MAX_BLOCKS = 50_000


class BlockList:
    """The blocks of one blob that is being made.

    Their ids are all of one length, as they have to be, and shared with no other upload to the
    same name, so that two of them never mix.
    """

    def __init__(self, container: Container, name: str) -> None:
        self.name = name
        self._container = container
        self._token = secrets.token_hex(8)

    async def put(self, index: int, content: bytes, content_md5: str) -> None:
        """Send a block; the service refuses it if it arrives changed."""
        what = f"block of {self.name}"
        outgoing = self._request(index, {"content-md5": content_md5}, content)
        answer = await self._container.send(outgoing)
        if answer.status != 201:
            raise failure(answer, what)

    async def copy(self, index: int, source: str, tag: str | None, first: int, last: int) -> None:
        """Let the service copy a block out of a blob.

        Args:
            source: the blob's name.
            tag: the state that it has to be in; None for any.
            first, last: of the bytes.

        Raises:
            BlobMissing: it is not there, or not in that state.
        """
        container = self._container
        access = await container.access.source(container.endpoint, container.name, source)
        headers = {**access, "x-ms-source-range": f"bytes={first}-{last}"}
        if tag is not None:
            headers["x-ms-source-if-match"] = f'"{tag}"'
        outgoing = self._request(index, headers, is_slow=True)  # it answers when it has copied
        answer = await container.send(outgoing)
        if answer.status != 201:
            raise failure_of_blob(answer, f"copy of {source}", source)

    def _request(
        self,
        index: int,
        headers: Mapping[str, str],
        content: bytes = b"",
        *,
        is_slow: bool = False,
    ) -> Outgoing:
        query = parameters(comp="block", blockid=self._id(index))
        return self._container.request(
            "PUT", self.name, query, dict(headers), content, is_slow=is_slow
        )

    async def commit(self, count: int, headers: Mapping[str, str]) -> str:
        """Make the blob of the first ``count`` blocks stand, in one instant; answer its tag.

        The list says "latest" so that it can be sent again when the answer to the first time was
        lost: the blocks are not uncommitted any more then.
        """
        blocks = (f"<Latest>{self._id(index)}</Latest>" for index in range(count))
        declaration = '<?xml version="1.0" encoding="utf-8"?>'
        body = f"{declaration}<BlockList>{''.join(blocks)}</BlockList>".encode()
        outgoing = self._container.request(
            "PUT", self.name, "comp=blocklist", dict(headers), body, is_slow=True
        )
        return tag_of_written(await self._container.send(outgoing), f"block list of {self.name}")

    def _id(self, index: int) -> str:
        return base64.b64encode(f"{self._token}{index:08d}".encode()).decode("ascii")
