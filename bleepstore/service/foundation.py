"""What keeps data, built and connected: the daemon stands on it, and so do operators' commands."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ..config.model import Config
from ..interfaces import IBlobStore
from ..metadata.store import Store, open_store
from ..storage.registry import open_backend
from ..streams.threads import Threads
from .occupancy import Occupancy

# Bytes are hashed and written by these; more would only queue for the same cores and disk.
_BYTE_THREADS = 8


@frozen
class Foundation:
    """Metadata, storage, and the threads in which disks are waited for."""

    metadata: Store
    blobs: IBlobStore
    threads: Threads
    _occupancy: Occupancy

    async def start(self, *, alone: bool = False) -> None:
        """Open everything.

        Args:
            alone: whether no other process may use the store meanwhile.

        Raises:
            StoreInUse, ConfigError, SchemaTooNew, OSError: what an operator can understand.
        """
        self._occupancy.enter(alone=alone)
        self.threads.start()
        await self.metadata.database.start()
        await self.blobs.start()

    async def stop(self) -> None:
        """Close everything, also when :meth:`start` has failed."""
        await self.blobs.stop()
        await self.metadata.database.stop()
        await self.threads.stop()
        self._occupancy.leave()


def lay(config: Config, reactor: Any) -> Foundation:
    """Build it; nothing is touched before its ``start``."""
    threads = Threads(reactor, "bytes", _BYTE_THREADS)
    path = config.metadata.sqlite.path
    is_strict = config.storage.durability == "strict"
    metadata = open_store(path, reactor, "full" if is_strict else "relaxed")
    blobs = open_backend(config.storage, threads, metadata.blobs.read_content)
    occupancy = Occupancy(path.with_name(path.name + "-users"))
    return Foundation(metadata, blobs, threads, occupancy)
