"""The rooms of a process, opened and closed together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IProtocolFactory

from ..admin.metrics import Metrics
from ..wire.site import WireSite
from .allocator import keep_large_blocks_apart
from .collector import ease_collection
from .house import StoreRoom


@frozen
class CountedStore:
    """A store, and the metrics of this process, which others see for as long as it is open."""

    _store: StoreRoom
    _reactor: Any
    _metrics: Metrics | None

    async def start(self) -> None:
        await self._store.start()
        if self._metrics is not None:
            self._metrics.start(self._reactor)

    async def stop(self) -> None:
        try:
            await self._store.stop()
        finally:
            if self._metrics is not None:
                self._metrics.stop()


@frozen
class House:
    """All rooms of one process, connected. See :class:`~bleepstore.service.house.House`.

    Attributes:
        office: shows the pages for operators, where they have an address of their own.
    """

    _store: CountedStore
    _site: WireSite
    office: WireSite | None = None

    @property
    def site(self) -> IProtocolFactory:
        return self._site

    async def start(self) -> None:
        await self._store.start()
        ease_collection()
        keep_large_blocks_apart()

    async def wind_down(self) -> None:
        await self._site.traffic.wind_down()

    async def drain(self) -> None:
        await self._site.traffic.stop()

    def abort(self) -> None:
        self._site.traffic.abort()

    async def stop(self) -> None:
        await self._store.stop()


@frozen
class Headquarters:
    """The rooms of a process that serves through others.

    See :class:`~bleepstore.service.house.KeptHouse`.
    """

    _store: CountedStore
    _recover: Callable[[], Awaitable[None]]
    office: WireSite | None

    async def start(self) -> None:
        await self._store.start()

    async def recover(self) -> None:
        await self._recover()

    async def stop(self) -> None:
        await self._store.stop()
