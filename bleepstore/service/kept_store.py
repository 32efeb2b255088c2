"""A store with everything that is done for it once, however many processes serve it."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ..clock import Clock
from ..config.model import Config
from ..keeping.garbage import GarbageCollector
from ..keeping.showing_rounds import ShowingRounds
from ..keeping.uploads import UploadExpirer
from .foundation import Foundation


@frozen
class KeptStore:
    """The foundation, recovered at the start, and kept in order from then on."""

    _config: Config
    _clock: Clock
    _foundation: Foundation
    _garbage: GarbageCollector
    _uploads: UploadExpirer
    _names: ShowingRounds | None

    async def start(self) -> None:
        await self._foundation.start()
        await self.recover()
        accounts = self._foundation.metadata.accounts
        await accounts.seed(self._config.credentials, self._clock.now_ms())
        self._garbage.start()
        self._uploads.start()
        if self._names is not None:
            self._names.start()

    async def recover(self) -> None:
        """Remove what processes that are gone have left half done."""
        await self._foundation.blobs.recover(self._foundation.metadata.blobs.referenced)

    async def stop(self) -> None:
        if self._names is not None:
            await self._names.stop()
        await self._uploads.stop()
        await self._garbage.stop()
        await self._foundation.stop()


def keep(config: Config, reactor: Any, foundation: Foundation) -> KeptStore:
    """Build it; nothing is touched before its ``start``.

    Args:
        foundation: which others in this process may use as well.
    """
    clock, storage = Clock(), config.storage
    metadata, grace_seconds = foundation.metadata, storage.garbage_grace_seconds
    garbage = GarbageCollector(metadata.garbage, foundation.blobs, clock, reactor, grace_seconds)
    uploads = UploadExpirer(metadata.uploads, clock, reactor, storage.upload_expiry_days)
    names = None
    if foundation.showing is not None:
        names = ShowingRounds(foundation.showing, clock, reactor, storage.upload_expiry_days)
    return KeptStore(config, clock, foundation, garbage, uploads, names)
