"""How much a database has room for: what its disk has, or what the memory may take."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..errors import StorageFull
from ..interfaces import IDatabase
from ..streams.threads import Threads
from .blob_rows import MAX_DATABASE_BYTES, reusable_bytes, used_bytes
from .disk import LOG_BYTES, RESERVE_BYTES, file_bytes, free_bytes
from .room import Room


class Capacity(Protocol):
    """What there is room for."""

    @property
    def limit_bytes(self) -> int:
        """What the database may take in all; 0 for no limit of ours."""

    async def check(self, size_bytes: int) -> None:
        """Raise :class:`~bleepstore.errors.StorageFull` if so many bytes do not fit."""


class DiskCapacity:
    """The room on the disk that a database is on, and in its file, which never shrinks.

    Args:
        database: asked what was deleted in it, where its disk is nearly full.
        path: of the database's file.
        threads: where the disk is asked.
    """

    limit_bytes = 0

    def __init__(self, database: IDatabase, path: Path, threads: Threads) -> None:
        self._database = database
        self._folder = path.parent
        self._log = path.with_name(path.name + "-wal")
        self._threads = threads
        self._room = Room(path.parent, threads)

    async def check(self, size_bytes: int) -> None:
        try:
            await self._room.check(size_bytes)
        except StorageFull:
            if not await self._fits_in_the_file(size_bytes):
                raise

    async def _fits_in_the_file(self, size_bytes: int) -> bool:
        """Whether what was deleted makes up for what the disk lacks; the log needs the disk."""
        free = await self._threads.run(free_bytes, self._folder)
        log_bytes = await self._threads.run(file_bytes, self._log)
        reusable = await self._database.read("reusable_bytes", reusable_bytes)
        # What the log has grown to is written anew, from its beginning.
        has_log = free + log_bytes >= LOG_BYTES
        return has_log and free + reusable >= size_bytes + RESERVE_BYTES


class MemoryCapacity:
    """The part of the memory that a database may take, metadata and all.

    Bytes that wait for the transaction that stores them can be reserved.

    Args:
        limit_bytes: 0 for no limit but that of the engine.
    """

    def __init__(self, database: IDatabase, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._database = database
        self._reserved_bytes = 0

    async def check(self, size_bytes: int) -> None:
        limit_bytes = self.limit_bytes or MAX_DATABASE_BYTES
        used = await self._database.read("used_bytes", used_bytes)
        if used + self._reserved_bytes + size_bytes > limit_bytes:
            raise StorageFull(f"no room for {size_bytes} bytes within {limit_bytes}")

    async def reserve(self, size_bytes: int) -> None:
        """Keep room, or raise :class:`~bleepstore.errors.StorageFull`."""
        self._reserved_bytes += size_bytes
        try:
            await self.check(0)
        except BaseException:
            self.release(size_bytes)
            raise

    def release(self, size_bytes: int) -> None:
        """The bytes are stored, or will not come."""
        self._reserved_bytes -= size_bytes
