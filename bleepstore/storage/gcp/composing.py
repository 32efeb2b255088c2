"""Makes objects of others, without their bytes coming here if that is possible.

A whole object is rewritten, several ones are composed, at most 32 at a time:
https://cloud.google.com/storage/docs/composite-objects. Only whole objects can be; of others, the
stretch that is wanted comes here and goes back as an object of its own. What is made on the way
has a private name, and is deleted in the end; what a crash leaves there is found by its age.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from attrs import frozen

from ...errors import BlobMissing, UpstreamFailed
from ...ids import new_blob_id
from ...values import Appearance
from ..remote.client import Answer
from ..remote.gathered import gathered
from ..remote.together import together
from ..remote.upstream import Piece
from .absence import is_absent
from .addresses import Addresses
from .answers import resource
from .api import Api
from .downloads import Downloads
from .parts import Parts
from .removals import Removals
from .resources import resource_of
from .uploads import Uploads

T = TypeVar("T")

MOST_SOURCES = 32

_PARALLEL = 8
_EXTRACTS = 2
_PART_BYTES = 4 * 1024 * 1024
_OTHER_STATE = 412


@frozen
class Composing:
    """Makes objects in one bucket.

    Attributes:
        temporary: what the names of objects begin with that are needed for a moment only.
    """

    api: Api
    addresses: Addresses
    downloads: Downloads
    uploads: Uploads
    removals: Removals
    temporary: str

    async def assemble(self, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
        """As :meth:`~bleepstore.storage.remote.upstream.IUpstream.assemble`."""
        wanted = [piece for piece in pieces if piece.length]
        if not wanted:
            return await self.uploads.put(name, b"", appearance)
        made: list[str] = []
        try:
            whole = await _each(partial(self._whole, made), wanted, _EXTRACTS)
            return await self._join(name, whole, resource_of(appearance), made)
        finally:
            await self.removals.discard(made)

    async def _join(
        self, name: str, pieces: Sequence[Piece], said: dict[str, Any], made: list[str]
    ) -> str:
        if len(pieces) == 1:
            return await self._rewrite(name, pieces[0], said)
        while len(pieces) > MOST_SOURCES:
            starts = range(0, len(pieces), MOST_SOURCES)
            groups = [pieces[start : start + MOST_SOURCES] for start in starts]
            pieces = await _each(partial(self._group, made), groups, _PARALLEL)
        return await self._compose(name, pieces, said)

    async def _group(self, made: list[str], pieces: Sequence[Piece]) -> Piece:
        """One temporary object of several; one alone is left as it is."""
        if len(pieces) == 1:
            return pieces[0]
        name = self._temporary_name(made)
        tag = await self._compose(name, pieces, resource_of(Appearance()))
        return _whole_object(name, tag, sum(piece.length for piece in pieces))

    async def _compose(self, name: str, pieces: Sequence[Piece], said: dict[str, Any]) -> str:
        sources = [{"name": piece.name, **_generation(piece)} for piece in pieces]
        url = self.addresses.compose(name, fields="generation")
        content = {"sourceObjects": sources, "destination": said}
        answer = await self.api.post(url, content, is_slow=True)
        return str((await self._made(answer, name, pieces))["generation"])

    async def _rewrite(self, name: str, piece: Piece, said: dict[str, Any]) -> str:
        """Google asks to be called again for large objects that it has to move within itself."""
        token: str | None = None
        while True:
            url = self.addresses.rewrite(
                piece.name,
                name,
                sourceGeneration=piece.tag,
                rewriteToken=token,
                fields="done,rewriteToken,resource(generation)",
            )
            answer = await self.api.post(url, said, is_slow=True)
            found = await self._made(answer, name, [piece])
            if found.get("done"):
                return str(found["resource"]["generation"])
            token = found.get("rewriteToken")
            if not token:
                raise UpstreamFailed(f"copy to {name}: Google does not say how to go on")

    async def _made(self, answer: Answer, name: str, pieces: Sequence[Piece]) -> dict[str, Any]:
        is_other = answer.status == _OTHER_STATE
        if is_other or await is_absent(self.api, self.addresses, answer):
            raise BlobMissing(pieces[0].name)
        return resource(answer, f"making of {name}")

    async def _whole(self, made: list[str], piece: Piece) -> Piece:
        """The piece as an object of its own."""
        if piece.length == piece.object_size_bytes:
            return piece
        name = self._temporary_name(made)
        tag = await self._extract(piece, name)
        return _whole_object(name, tag, piece.length)

    async def _extract(self, piece: Piece, name: str) -> str:
        """Google knows checksums of whole objects only, so one that is small is read as a whole."""
        if piece.object_size_bytes <= _PART_BYTES:
            size_bytes = piece.object_size_bytes
            body = await self.downloads.open(piece.name, piece.tag, 0, size_bytes)
            whole = await gathered(body)
            content = whole[piece.offset : piece.offset + piece.length]
            return await self.uploads.put(name, content, Appearance())
        body = await self.downloads.open(piece.name, piece.tag, piece.offset, piece.length)
        parts = Parts(body, _PART_BYTES)
        parts.start()
        try:
            if piece.length <= _PART_BYTES:
                return await self.uploads.put(name, await parts.next(), Appearance())
            return await self._upload(name, parts)
        finally:
            parts.stop()

    async def _upload(self, name: str, parts: Parts) -> str:
        upload = await self.uploads.begin(name)
        try:
            while part := await parts.next():
                await upload.write(part)
            return await upload.finish()
        finally:
            await upload.abort()  # no effect once it is finished

    def _temporary_name(self, made: list[str]) -> str:
        name = self.temporary + new_blob_id()
        made.append(name)
        return name


async def _each(
    function: Callable[[T], Awaitable[Piece]], things: Sequence[T], limit: int
) -> list[Piece]:
    """What a function answers for each of some things, in their order, a few at a time."""
    found: dict[int, Piece] = {}

    async def one(index: int) -> None:
        found[index] = await function(things[index])

    await together(one, range(len(things)), limit)
    return [found[index] for index in range(len(things))]


def _whole_object(name: str, tag: str, size_bytes: int) -> Piece:
    return Piece(name, tag, 0, size_bytes, size_bytes)


def _generation(piece: Piece) -> dict[str, str]:
    return {} if piece.tag is None else {"generation": piece.tag}
