"""A provider in memory, and a house of gateways that use it: for tests of natural names."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from attrs import evolve, frozen
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from bleepstore.errors import BlobChanged, BlobMissing
from bleepstore.storage.remote.upstream import IUpstream, IUpstreamUpload, Piece, Standing
from bleepstore.streams.producers import BytesProducer
from bleepstore.values import Appearance

MARKER = ".bleepstore/store"


@frozen
class Object:
    """What stands under a name."""

    content: bytes
    tag: str
    appearance: Appearance
    last_modified_ms: int


@implementer(IUpstream)
class UpstreamInMemory:
    """A bucket; every state of an object has a tag of its own."""

    name = "memory"
    part_bytes = 1024
    max_parts = 100

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.unfit: set[str] = set()
        self._states = 0

    def place(self, name: str, content: bytes, appearance: Appearance | None = None) -> str:
        """Put an object there, whoever does it."""
        self._states += 1
        tag = f"state-{self._states}"
        last_modified_ms = 1_000_000 + self._states * 1000
        self.objects[name] = Object(content, tag, appearance or Appearance(), last_modified_ms)
        return tag

    def natural(self, prefix: str = "") -> dict[str, bytes]:
        """What people see who look with other tools, and ignore what is private."""
        return {
            name: each.content
            for name, each in sorted(self.objects.items())
            if name.startswith(prefix) and not name.startswith(".bleepstore/")
        }

    def private(self) -> dict[str, bytes]:
        """Bytes that nobody is shown."""
        return {
            name: each.content
            for name, each in sorted(self.objects.items())
            if name.startswith(".bleepstore/") and name != MARKER
        }

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    def fits(self, name: str) -> bool:
        return name not in self.unfit

    async def put(self, name: str, content: bytes, appearance: Appearance) -> str:
        return self.place(name, content, appearance)

    async def begin(self, name: str, part_bytes: int) -> IUpstreamUpload:
        raise NotImplementedError("everything is small here")

    async def open(self, name: str, tag: str | None, offset: int, length: int) -> IBodyProducer:
        found = self._find(name, tag)
        return BytesProducer(found.content[offset : offset + length])

    async def look(self, name: str) -> Standing | None:
        found = self.objects.get(name)
        return None if found is None else _standing(name, found)

    async def assemble(self, name: str, pieces: Sequence[Piece], appearance: Appearance) -> str:
        content = b""
        for piece in pieces:
            found = self._find(piece.name, piece.tag)
            content += found.content[piece.offset : piece.offset + piece.length]
        return self.place(name, content, appearance)

    async def delete(self, names: Sequence[str]) -> None:
        for name in names:
            self.objects.pop(name, None)

    async def delete_if(self, name: str, tag: str) -> None:
        if name in self.objects and self.objects[name].tag == tag:
            del self.objects[name]

    async def walk(self, prefix: str, after: str) -> AsyncIterator[Standing]:
        for name, found in sorted(self.objects.items()):
            if name.startswith(prefix) and name > after:
                yield evolve(_standing(name, found), appearance=Appearance())

    async def abort_strays(self, prefix: str, before_ms: int | None) -> int:
        return 0

    def _find(self, name: str, tag: str | None) -> Object:
        found = self.objects.get(name)
        if found is None:
            raise BlobMissing(name)
        if tag not in (None, found.tag):
            raise BlobChanged(name)
        return found


def _standing(name: str, found: Object) -> Standing:
    return Standing(
        name=name,
        size_bytes=len(found.content),
        tag=found.tag,
        etag=hashlib.md5(found.content, usedforsecurity=False).hexdigest(),
        last_modified_ms=found.last_modified_ms,
        appearance=found.appearance,
    )
