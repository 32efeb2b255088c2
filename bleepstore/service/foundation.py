"""What keeps data, built and connected: the daemon stands on it, and so do operators' commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from ..admin.metrics import Metrics
from ..auth.signer import Signer
from ..clock import Clock
from ..config.model import Config
from ..interfaces import IBlobStore, INaturalNames
from ..keeping.showing import Showing
from ..keeping.snapshots import Snapshots
from ..metadata.memory import MemoryEngine
from ..metadata.sqlite import Durability
from ..metadata.store import Store, open_store, store_on
from ..storage.extension import Means
from ..storage.registry import open_backend
from ..streams.threads import Threads
from .occupancy import Occupancy

# Disks are waited for by these; more would only queue for the same disk.
_DISK_THREADS = 8


@frozen
class Foundation:
    """Metadata, storage, and the threads for what the reactor must not do.

    A store in memory has no occupancy, unless it is saved to a file, and no snapshots likewise.

    Attributes:
        threads: in which disks are waited for.
        work_threads: in which bytes are hashed and documents read. They are as many as there are cores
            for this process: more take the interpreter from each other, 10 % of the uploads of 64 KiB.
        showing: for a backend that shows objects under their own names; None for any other.
    """

    metadata: Store
    blobs: IBlobStore
    threads: Threads
    work_threads: Threads
    _occupancy: Occupancy | None
    _snapshots: Snapshots | None = None
    showing: Showing | None = None

    async def start(self, *, alone: bool = False) -> None:
        """Open everything.

        Args:
            alone: whether no other process may use the store meanwhile.

        Raises:
            StoreInUse, ConfigError, SchemaTooNew, OSError: what an operator can understand.
            SnapshotUnusable: likewise.
        """
        if self._occupancy is not None:
            self._occupancy.enter(alone=alone or self._snapshots is not None)
        self.threads.start()
        self.work_threads.start()
        await self.metadata.database.start()
        await self.blobs.start()
        if self._snapshots is not None:
            self._snapshots.start()

    async def stop(self) -> None:
        """Close everything, also when :meth:`start` has failed."""
        if self.showing is not None:
            await self.showing.stop()
        await self.blobs.stop()
        try:
            if self._snapshots is not None:
                await self._snapshots.stop()
        finally:
            await self.metadata.database.stop()
            await self.work_threads.stop()
            await self.threads.stop()
            if self._occupancy is not None:
                self._occupancy.leave()


def lay(config: Config, reactor: Any, metrics: Metrics | None = None) -> Foundation:
    """Build it; nothing is touched before its ``start``.

    Args:
        metrics: where it is counted what the metadata and the backend do; None for nowhere.
    """
    lay_one = _lay_in_memory if config.storage.backend == "memory" else _lay_on_disk
    return _with_natural_names(lay_one(config, reactor, metrics), config, reactor)


def _with_natural_names(foundation: Foundation, config: Config, reactor: Any) -> Foundation:
    """The same, if its backend shows objects under their own names, with what sees to that."""
    natural = INaturalNames(foundation.blobs, None)
    if natural is None:
        return foundation
    metadata = foundation.metadata.with_natural_names()
    upstream = config.storage.upstream
    showing = Showing(
        metadata,
        foundation.blobs,
        natural,
        Clock(),
        reactor,
        timeout_seconds=upstream.showing_timeout_seconds,
        claim_seconds=upstream.copy_timeout_seconds + upstream.silence_timeout_seconds,
    )
    return evolve(foundation, metadata=metadata, showing=showing)


def _lay_on_disk(config: Config, reactor: Any, metrics: Metrics | None) -> Foundation:
    path = config.metadata.sqlite.path
    durability: Durability = "full" if _is_strict(config) else "relaxed"
    metadata = open_store(path, reactor, durability, metrics.metadata if metrics else None)
    blobs, threads = _backend(config, reactor, metadata, path, metrics)
    return Foundation(metadata, blobs, threads, _work_threads(config, reactor), _occupancy(path))


def _lay_in_memory(config: Config, reactor: Any, metrics: Metrics | None) -> Foundation:
    path = config.storage.snapshot_path
    engine = MemoryEngine(reactor, path)
    metadata = store_on(engine, metrics.metadata if metrics else None)
    state_path = config.storage.memory.snapshot_path
    blobs, threads = _backend(config, reactor, metadata, state_path, metrics)
    work_threads = _work_threads(config, reactor)
    if path is None:
        return Foundation(metadata, blobs, threads, work_threads, None)
    interval_seconds = config.storage.memory.snapshot_interval_seconds
    snapshots = Snapshots(engine.save, reactor, interval_seconds)
    return Foundation(metadata, blobs, threads, work_threads, _occupancy(path), snapshots)


def _backend(
    config: Config, reactor: Any, metadata: Store, state_path: Path, metrics: Metrics | None
) -> tuple[IBlobStore, Threads]:
    threads = Threads(reactor, "disk", _DISK_THREADS)
    means = Means(
        reactor=reactor,
        threads=threads,
        database=metadata.database,
        read_content=metadata.blobs.read_content,
        is_durable=_is_strict(config),
        state_path=state_path,
        signer=Signer,
    )
    backend = open_backend(config.storage, means)
    if metrics is None:
        return backend, threads
    waiting = "Changes of the metadata that wait for a commit."
    metrics.watch("metadata_queue_length", waiting, lambda: metadata.database.queue_length)
    return metrics.backend.measured(backend), threads


def _work_threads(config: Config, reactor: Any) -> Threads:
    cores = len(os.sched_getaffinity(0))
    return Threads(reactor, "work", max(2, cores // config.worker_count))


def _occupancy(path: Path) -> Occupancy:
    return Occupancy(path.with_name(path.name + "-users"))


def _is_strict(config: Config) -> bool:
    return config.storage.durability == "strict"
