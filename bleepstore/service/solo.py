"""The crew of a daemon that is one process."""

from __future__ import annotations

import txaio
from attrs import define

from .doors import Doors
from .listeners import Door
from .office import Office
from .reception import Reception
from .tls import Tls

log = txaio.make_logger()


@define
class Solo:
    """Serves in this process. See :class:`~bleepstore.service.crew.Crew`."""

    _reception: Reception
    _office: Office
    _tls: Tls

    async def start(self, doors: list[Doors], office: Door | None = None) -> None:
        (own,) = doors
        self._tls.load()
        await self._reception.open(own)
        await self._office.open(office)

    async def stop(self, seconds: float) -> None:
        await self._office.close()
        await self._reception.close(seconds)

    def reload(self) -> None:
        self._tls.reload()

    def restart(self) -> None:
        log.warn("one process serves alone and cannot be replaced; see server.workers")
