"""A house that does nothing but note what is done to it."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo


def _at_once() -> Deferred[None]:
    return succeed(None)


@define
class FakeHouse:
    """Starts, winds down and drains at once, or when the test says so."""

    started: Deferred[None] = field(factory=_at_once)
    gone: Deferred[None] = field(factory=_at_once)
    drained: Deferred[None] = field(factory=_at_once)
    steps: list[str] = field(factory=list)
    office: None = None
    site: Any = field(factory=lambda: Factory.forProtocol(Echo))

    async def start(self) -> None:
        self.steps.append("start")
        await self.started

    async def wind_down(self) -> None:
        self.steps.append("wind down")
        await self.gone

    async def drain(self) -> None:
        self.steps.append("drain")
        await self.drained

    def abort(self) -> None:
        self.steps.append("abort")

    async def stop(self) -> None:
        self.steps.append("stop")
