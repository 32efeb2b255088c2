"""The crew of a daemon that is one process."""

from __future__ import annotations

import txaio
from attrs import define

from ..errors import ConfigError
from .doors import Doors
from .listeners import Door
from .office import Office
from .reception import Reception

log = txaio.make_logger()


@define
class Solo:
    """Serves in this process. See :class:`~bleepstore.service.crew.Crew`."""

    _reception: Reception
    _office: Office

    async def start(self, doors: list[Doors], office: Door | None = None) -> None:
        (own,) = doors
        await self._reception.open(own)
        await self._office.open(office)

    async def stop(self, seconds: float) -> None:
        await self._office.close()
        await self._reception.close(seconds)

    def reload(self) -> None:
        reload_certificate(self._reception)

    def restart(self) -> None:
        log.warn("one process serves alone and cannot be replaced; see server.workers")


def reload_certificate(reception: Reception) -> None:
    """Reload, or log why that cannot be."""
    try:
        reception.reload()
    except ConfigError as error:
        log.error("the former certificate stays in use: {problem}", problem=str(error))
