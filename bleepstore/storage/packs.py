"""Blobs of a middle size, one behind the other in large files: packs.

A file of its own costs such a blob more than its bytes do: two names, two syncs, a way into a thread
to open it. Rows of the database cost every byte twice. In a pack it costs one write and its share of a
sync, and the kernel sends it from a descriptor that is open already: 260 microseconds of processor time
to store 64 KiB instead of the 710 of a file, and 26 instead of 91 to open and close it.

Layout::

    root/packs/<pack id>                       each pack
    root/arriving-packs/<process>/<pack id>    while anything in it is uncertain, and beside it
                                  <pack id>.settled, which says what is certain

What files are to :mod:`.files`, a pack is here: so recovery looks at the packs in the folders of
processes that are gone, at most a few for each, and deletes the stretches that were on their way in
and that nobody refers to. Each process appends to packs of its own, no byte of which is ever written
for a second blob: what was deleted is a hole for ever, and a pack that is all hole goes.

While a blob is read it has a lock (:mod:`.stretch_locks`) and is not deleted: a hole would show.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import txaio
from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from ..errors import BleepStoreError, BlobMissing
from ..folders import make_own_folder
from ..ids import new_blob_id
from ..interfaces import IArrivals, IBlobStore
from ..streams.page_cache import read_from_memory
from ..streams.producers import StretchProducer
from ..streams.shielding import shielded
from ..streams.threads import Threads
from ..values import BlobName
from .descriptors import Descriptors, OpenPack
from .disk import reporting_trouble
from .incoming import Incoming
from .locators import PackPlace, pack_locator, place_in_pack
from .pack_file import PackFile, create_pack
from .pack_folder import PackFolder
from .pack_format import BLOCK_BYTES, HEADER_BYTES, Stretch, find_stretch, read_header
from .pack_notes import read_notes
from .pack_probe import can_have_packs
from .pack_sink import PackSink
from .removal import Removal
from .room import Room

log = txaio.make_logger()

PACK_BYTES = 256 * 1024 * 1024
"""Beyond this no blob begins. Fewer bytes would be more files; more, a longer recovery."""

_KEPT_DESCRIPTORS = 128
_RECOVERY_BATCH = 500


@implementer(IBlobStore, IArrivals)
class PackStore:
    """Keeps blobs whose size is known before they come.

    Args:
        root: the folder of the store; it is made if it is not there.
        threads: where the disk is waited for.
        is_durable: whether to sync what is committed.
        pack_bytes: where the last blob of a pack begins at the latest.
        kept_descriptors: how many packs stay open for reading.
    """

    name = "packs"

    def __init__(
        self,
        root: Path,
        threads: Threads,
        *,
        is_durable: bool,
        pack_bytes: int = PACK_BYTES,
        kept_descriptors: int = _KEPT_DESCRIPTORS,
    ) -> None:
        root = root.absolute()
        self._threads = threads
        self._pack_bytes = pack_bytes
        self._kept_descriptors = kept_descriptors
        self._all_incoming = root / "arriving-packs"
        self._folder = PackFolder(root / "packs", is_durable=is_durable)
        self._room = Room(self._folder.path, threads)
        self._incoming: Incoming | None = None
        self._is_possible = False
        self._current: PackFile | None = None
        self._beginning = DeferredLock()
        self._open_packs = Descriptors(kept_descriptors)
        self._tidying: Removal[PackFile] = Removal(partial(threads.run, _tidy))

    @property
    def takes_blobs(self) -> bool:
        """Whether the file system can do what new blobs need; known once the store is started."""
        return self._is_possible

    async def start(self) -> None:
        """Make the folders.

        Raises:
            OSError: the disk does not allow it; the message has the path.
        """
        self._incoming, self._is_possible = await self._threads.run(self._make_ready)
        self._open_packs = Descriptors(self._kept_descriptors)
        if not self._is_possible:
            log.info(
                "{folder} is on a file system without holes in files, without locks of open files, "
                "or without room: objects of a middle size become files of their own",
                folder=self._folder.path,
            )

    def _make_ready(self) -> tuple[Incoming, bool]:
        for folder in (self._all_incoming, self._folder.path):
            make_own_folder(folder, sync=self._folder.is_durable)
        incoming = Incoming.create(self._all_incoming)
        return incoming, can_have_packs(incoming.path)

    async def stop(self) -> None:
        self._seal()
        await self._tidying.finish()
        self._open_packs.close()
        if self._incoming is not None and await self._threads.run(self._incoming.retire):
            self._incoming = None

    # --- recovery

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        recover = partial(self._recover_folder, is_referenced)
        return await Incoming.recover_abandoned(self._all_incoming, self._threads, recover)

    async def _recover_folder(
        self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]], folder: Incoming
    ) -> int:
        removed = 0
        pack_ids = await self._threads.run(folder.blob_ids)
        for pack_id in pack_ids:
            kept = await self._blocks_to_keep(folder.path / pack_id, is_referenced)
            removed += await self._threads.run(self._keep_only, pack_id, kept)
        await self._threads.run(folder.remove)
        for pack_id in pack_ids:
            await self._threads.run(self._folder.remove_if_empty, pack_id)
        return removed

    async def _blocks_to_keep(
        self, incoming: Path, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]
    ) -> set[int]:
        kept = await self._threads.run(read_notes, incoming)
        uncertain = await self._threads.run(self._uncertain_blocks, incoming)
        for start in range(0, len(uncertain), _RECOVERY_BATCH):
            blocks = uncertain[start : start + _RECOVERY_BATCH]
            batch = {pack_locator(incoming.name, block): block for block in blocks}
            referenced = await is_referenced(list(batch))
            kept.update(block for locator, block in batch.items() if locator in referenced)
        return kept

    def _uncertain_blocks(self, incoming: Path) -> list[int]:
        settled = read_notes(incoming)
        return [block for block in self._folder.blocks(incoming.name) if block not in settled]

    def _keep_only(self, pack_id: str, blocks: Collection[int]) -> int:
        with reporting_trouble(self._folder.path):
            return self._folder.keep_only(pack_id, blocks)

    # --- blobs on their way in

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> PackSink:
        """Raises ``ValueError`` if the size is not known."""
        if size_bytes is None:
            raise ValueError("a blob in a pack has a size before it comes")
        await self._room.check(size_bytes)
        while (pack := self._pack_with_room()) is None:
            # Not ended by whoever leaves: the pack is for all. So others may have filled it, too.
            await shielded(self._begin_pack())
        return PackSink(pack, pack.reserve(size_bytes), self._threads)

    def _pack_with_room(self) -> PackFile | None:
        pack = self._current
        return pack if pack is not None and pack.has_room(self._pack_bytes) else None

    async def _begin_pack(self) -> None:
        await self._beginning.acquire()
        try:
            if self._pack_with_room() is None:
                self._seal()
                self._current = await self._new_pack()
        finally:
            self._beginning.release()

    async def _new_pack(self) -> PackFile:
        if self._incoming is None:
            raise RuntimeError("the store is not started")
        incoming = self._incoming.path / new_blob_id()
        file = await self._threads.run(create_pack, incoming, self._folder)
        return PackFile(file, incoming, self._folder, self._threads, self._tidying.add)

    def _seal(self) -> None:
        pack, self._current = self._current, None
        if pack is not None:
            pack.seal()

    # --- reading

    async def read(self, locator: str, offset: int, length: int) -> StretchProducer:
        place = place_in_pack(locator)
        if place is None:
            raise BlobMissing(locator)
        pack = self._open_packs.find(place.pack_id) or await self._open(locator, place)
        if not pack.begin(place.block):
            raise BlobMissing(locator)
        end = partial(self._open_packs.end, pack, place.block)
        try:
            stretch = await self._find(pack, place)
            _require(locator, pack.file, stretch, offset + length)
        except BaseException:
            end()
            raise
        start = Stretch(place.block, 0).content_offset + offset
        return StretchProducer(self._threads, pack.file.fileno(), locator, start, length, end)

    async def _open(self, locator: str, place: PackPlace) -> OpenPack:
        file = await self._threads.run(self._open_now, locator, place)
        return self._open_packs.add(place.pack_id, file)

    def _open_now(self, locator: str, place: PackPlace) -> FileIO:
        try:
            with reporting_trouble(self._folder.path):
                file = self._folder.open(place.pack_id)
        except FileNotFoundError as error:
            raise BlobMissing(locator) from error
        # Whatever is there is in memory then, where it is looked at again under a lock.
        with suppress(OSError):
            find_stretch(file.fileno(), place.pack_id, place.block)
        return file

    async def _find(self, pack: OpenPack, place: PackPlace) -> Stretch | None:
        header = _header_in_memory(pack.file.fileno(), place.block)
        if header is not None:
            return read_header(header, place.pack_id, place.block)
        return await self._threads.run(self._find_now, pack.file, place)

    def _find_now(self, file: FileIO, place: PackPlace) -> Stretch | None:
        with reporting_trouble(self._folder.path):
            return find_stretch(file.fileno(), place.pack_id, place.block)

    # --- what there is

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        places = [place for place in map(place_in_pack, locators) if place is not None]
        return await self._threads.run(self._delete, places) if places else ()

    def _delete(self, places: Iterable[PackPlace]) -> list[str]:
        blocks: defaultdict[str, list[int]] = defaultdict(list)
        for place in places:
            blocks[place.pack_id].append(place.block)
        with reporting_trouble(self._folder.path):
            return [
                pack_locator(pack_id, block)
                for pack_id in blocks
                for block in self._folder.delete(pack_id, blocks[pack_id])
            ]

    async def exists(self, locator: str) -> bool:
        place = place_in_pack(locator)
        return place is not None and await self._threads.run(self._folder.has, place)

    async def list_locators(self) -> AsyncIterator[str]:
        """Those on their way in are among them from their first byte on."""
        for pack_id in await self._threads.run(self._folder.pack_ids):
            for block in await self._threads.run(self._folder.blocks, pack_id):
                yield pack_locator(pack_id, block)

    async def list_arrivals(self) -> dict[str, bool]:
        return await self._threads.run(self._list_arrivals)

    def _list_arrivals(self) -> dict[str, bool]:
        return {
            pack_locator(incoming.name, block): is_live
            for incoming, is_live in Incoming.survey(self._all_incoming).items()
            for block in self._uncertain_blocks(incoming)
        }


def _tidy(packs: Iterable[PackFile]) -> None:
    """The trouble of one is not that of the others."""
    troubles: list[Exception] = []
    for pack in dict.fromkeys(packs):
        try:
            pack.tidy()
        except (OSError, BleepStoreError) as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


def _header_in_memory(descriptor: int, block: int) -> bytes | None:
    """A header, if it can be read without the disk and the file system tells so."""
    header = bytearray(HEADER_BYTES)
    read = read_from_memory(descriptor, header, block * BLOCK_BYTES)
    return bytes(header) if read == HEADER_BYTES else None


def _require(locator: str, file: FileIO, stretch: Stretch | None, least_bytes: int) -> None:
    """Raise :class:`~bleepstore.errors.BlobMissing` if a blob is not there up to some byte."""
    if (
        stretch is None
        or stretch.size_bytes < least_bytes
        or os.fstat(file.fileno()).st_size < stretch.content_offset + least_bytes
    ):
        raise BlobMissing(locator)
