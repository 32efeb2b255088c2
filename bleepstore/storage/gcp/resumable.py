"""An object on its way up in chunks.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import txaio
from attrs import field, frozen
from twisted.internet.task import deferLater
from zope.interface import implementer

from ...config.gateways import UpstreamSection
from ...errors import UpstreamBusy, UpstreamFailed, UpstreamRefused
from ...streams.threads import Threads
from ..remote.client import Answer, Outgoing
from ..remote.retries import pause_seconds
from ..remote.upstream import IUpstreamUpload
from .answers import failure
from .api import Api
from .sums import Sum

log = txaio.make_logger()

CHUNK_UNIT_BYTES = 256 * 1024
"""All chunks but the last one are a multiple of this."""

_INCOMPLETE = 308
_PASSING = (408, 500, 502, 504)
_REFUSED = (401, 403)
_SAFE = re.compile(r"bytes=0-(\d+)")
_ANY = "*"


@frozen
class Session:
    """Sends chunks until Google has them.

    Of a chunk that fails, some may have arrived: Google says how much is safe, and the rest is sent
    again. It ignores what it has already, so nothing can be stored twice.

    Attributes:
        address: the session's own.
        what: for the log.
    """

    api: Api
    reactor: Any
    section: UpstreamSection
    address: str = field(repr=False)  # whoever knows it may upload
    what: str

    async def send(self, chunk: bytes, start: int, total: str = _ANY) -> Answer:
        """Send the bytes from ``start`` on; with the last of them, the object's total size.

        Raises:
            UpstreamFailed: no more of it arrives, or the session is lost.
        """
        position, end, attempt = start, start + len(chunk), count(1)
        while True:
            answer = await self._try(chunk[position - start :], position, total)
            if answer.status != _INCOMPLETE:
                return answer
            safe = _safe_bytes(answer)
            if not start <= safe <= end:
                raise UpstreamFailed(f"{self.what}: Google has lost some of it")
            if safe == end and total == _ANY:
                return answer
            if safe > position:
                position, attempt = safe, count(1)
            else:
                await self._pause(next(attempt))

    async def end(self) -> None:
        """Forget about it; it is no error if it is over. Google answers 499 if it was not."""
        answer = await self.api.send(Outgoing("DELETE", self.address, is_idempotent=True))
        if answer.status in _REFUSED:
            raise failure(answer, f"end of the {self.what}")

    async def _try(self, content: bytes, position: int, total: str) -> Answer:
        """What Google says to a chunk, or says it has where its answer to that got lost."""
        end = position + len(content)
        content_range = f"bytes {position}-{end - 1}/{total}" if content else f"bytes */{total}"
        try:
            headers = {"content-range": content_range}
            answer = await self.api.send(Outgoing("PUT", self.address, headers, content))
            if answer.status not in _PASSING:
                return answer
        except (UpstreamBusy, UpstreamRefused):
            raise
        except UpstreamFailed as error:
            log.info("asking what has arrived: {problem}", problem=error.problem)
        headers = {"content-range": f"bytes */{total}"}
        return await self.api.send(Outgoing("PUT", self.address, headers, is_idempotent=True))

    async def _pause(self, attempt: int) -> None:
        seconds = pause_seconds(attempt, self.section.max_backoff_seconds, 0)
        if attempt >= self.section.attempts or seconds is None:
            raise UpstreamFailed(f"{self.what}: no more of it arrives")
        await deferLater(self.reactor, seconds)


def _safe_bytes(answer: Answer) -> int:
    found = _SAFE.fullmatch(answer.headers.get("range", ""))
    return int(found[1]) + 1 if found else 0


@implementer(IUpstreamUpload)
class Resumable:
    """The parts of a resumable upload.

    Args:
        address: of the object that it becomes.
    """

    def __init__(self, session: Session, api: Api, address: str, threads: Threads) -> None:
        self._session = session
        self._api = api
        self._address = address
        self._threads = threads
        self._sum = Sum()
        self._tail = b""
        self._may_stand = False
        self._is_over = False

    async def write(self, part: bytes) -> None:
        start = self._sum.size_bytes
        await self._threads.run(self._sum.update, part)
        if not part or len(part) % CHUNK_UNIT_BYTES:
            self._tail = part  # only the last chunk may have such a size
            return
        answer = await self._session.send(part, start)
        if answer.status != _INCOMPLETE:
            raise failure(answer, self._session.what)

    async def finish(self) -> str:
        size_bytes = self._sum.size_bytes
        self._may_stand = True
        answer = await self._session.send(self._tail, size_bytes - len(self._tail), str(size_bytes))
        tag = self._sum.tag_of(answer, self._session.what)
        self._is_over = True
        return tag

    async def abort(self) -> None:
        if self._is_over:
            return
        await self._session.end()
        if self._may_stand:
            answer = await self._api.send(Outgoing("DELETE", self._address, is_idempotent=True))
            if answer.status in _REFUSED:
                raise failure(answer, f"end of the {self._session.what}")
        self._is_over = True
