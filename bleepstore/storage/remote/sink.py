"""One blob on its way to a provider: in one request if it is small, else in parts.

While one part is sent the next one gathers, and then the writer has to wait: an upload of any size
costs the memory of two parts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import txaio
from attrs import frozen
from twisted.internet.defer import Deferred
from zope.interface import implementer

from ...errors import StorageFull, UpstreamFailed
from ...interfaces import ISink
from ...streams.frugality import frugally
from ...streams.shielding import shielded
from ...values import Appearance, Blob
from ..arrivals import Arrivals
from .upstream import IUpstream, IUpstreamUpload

log = txaio.make_logger()

_NOTHING_TO_SHOW = Appearance()


@frozen
class Destination:
    """Where a blob goes.

    Attributes:
        name: upstream, in full.
        part_bytes: the size of the parts, if there is more than one.
    """

    locator: str
    name: str
    part_bytes: int


@implementer(ISink)
class RemoteSink:
    """Sends blocks as they come, a part at a time.

    Args:
        arrived: told of the blob when the upstream has it.
        remove: removes all that there may be of blobs, and the record of their arrival, now or
            later.
    """

    def __init__(
        self,
        upstream: IUpstream,
        arrivals: Arrivals,
        destination: Destination,
        arrived: Callable[[Blob], None],
        remove: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        self._upstream = upstream
        self._arrivals = arrivals
        self._destination = destination
        self._arrived = arrived
        self._remove = remove
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._size_bytes = 0
        self._parts = 0
        self._upload: IUpstreamUpload | None = None
        self._sending: Deferred[None] | None = None
        self._beginning: Deferred[None] | None = None
        self._is_begun = False
        self._is_settled = False

    async def write(self, block: bytes) -> None:
        self._gathered.append(block)
        self._gathered_bytes += len(block)
        self._size_bytes += len(block)
        while self._gathered_bytes > self._destination.part_bytes:
            await self._sent()
            self._sending = Deferred.fromCoroutine(frugally(self._send(self._take_part())))

    async def commit(self) -> Blob:
        await self._sent()
        await frugally(self._send_rest())
        blob = Blob(self._destination.locator, self._size_bytes)
        self._arrived(blob)
        return blob

    async def settle(self) -> None:
        """Fires at once; it is recorded in the background."""
        self._is_settled = True
        if self._is_begun:
            self._arrivals.settled(self._destination.locator)

    async def abort(self) -> None:
        """Remove what there is, now or when the provider lets us."""
        self._gathered = []
        sending, self._sending = self._sending, None
        if sending is not None:
            await _stopped(sending)
        if self._beginning is not None:
            await self._beginning
        if not self._is_begun or self._is_settled:
            return
        await self._abort_upload()
        await self._remove([self._destination.locator])
        self._is_begun = False

    async def _abort_upload(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            try:
                await upload.abort()
            except UpstreamFailed as error:  # which what removes the blob will do as well
                log.debug("cannot abort an upload: {problem}", problem=error.problem)

    async def _sent(self) -> None:
        """Wait for the part under way."""
        if self._sending is not None:
            await self._sending
            self._sending = None

    async def _send(self, part: bytes) -> None:
        self._parts += 1
        if self._parts > self._upstream.max_parts:
            raise StorageFull(f"more than {self._upstream.max_parts} parts are not possible")
        if self._upload is None:
            await self._begin()
        await (self._upload or await self._begin_upload()).write(part)

    async def _begin_upload(self) -> IUpstreamUpload:
        """Begin it, and get to know it whoever leaves meanwhile: otherwise nobody could abort it."""
        destination = self._destination
        over: Deferred[None] = Deferred()
        self._beginning = over

        async def begin() -> IUpstreamUpload:
            try:
                upload = await self._upstream.begin(destination.name, destination.part_bytes)
                self._upload = upload
            finally:
                over.callback(None)  # no failure: whoever sends hears of that
            return upload

        return await shielded(begin())

    async def _send_rest(self) -> None:
        rest = b"".join(self._gathered)
        self._gathered = []
        if self._upload is None:
            await self._begin()
            await self._upstream.put(self._destination.name, rest, _NOTHING_TO_SHOW)
        else:
            await self._send(rest)
            await self._upload.finish()
            self._upload = None

    async def _begin(self) -> None:
        self._is_begun = True
        await self._arrivals.begin(self._destination.locator)

    def _take_part(self) -> bytes:
        """The next part, out of blocks that are usually smaller."""
        rest_bytes = self._gathered_bytes - self._destination.part_bytes
        last = self._gathered.pop()
        end = len(last) - rest_bytes  # within the last block, since a full part is taken at once
        self._gathered.append(last[:end])
        part = b"".join(self._gathered)
        self._gathered = [last[end:]]
        self._gathered_bytes = rest_bytes
        return part


async def _stopped(sending: Deferred[None]) -> None:
    """Cancel a part under way, and wait for its end."""
    sending.cancel()
    try:
        await sending
    except Exception as error:
        # Either this is the failure that the caller hears of already, or a later one.
        log.debug("a part was not sent: {problem}", problem=str(error))
