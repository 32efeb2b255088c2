"""The pages for operators at an address of their own, where no S3 is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen
from twisted.internet.interfaces import IListeningPort
from zope.interface import implementer

from ..admin.health import Page
from ..clock import Clock
from ..config.model import Config
from ..interfaces import IRequestHandler
from ..values import Reply, RequestHead
from ..wire.routes import Front
from ..wire.site import WireSite, make_site
from .listeners import Door, listen, stop_listening
from .sites import Finished, make_limits, refusal

_TEXT = ("content-type", "text/plain; charset=utf-8")


@implementer(IRequestHandler)
@frozen
class _NothingElse:
    """Answers whatever is not for a page."""

    paths: tuple[str, ...]

    async def handle(self, head: RequestHead, body: Any) -> Reply:
        return Reply(404, (_TEXT,), f"here are: {' '.join(self.paths)}\n".encode())


def make_office(
    config: Config, reactor: Any, pages: Mapping[str, Page], finished: Finished
) -> WireSite | None:
    """The site that shows them; None if they are to be shown among the buckets.

    Args:
        finished: hears of each request.
    """
    if config.observability.listen is None:
        return None
    front = Front(
        handler=_NothingElse(tuple(sorted(pages))),
        pages=pages,
        claims=lambda head: head.method in ("GET", "HEAD"),
        finished=finished,
    )
    return make_site(
        front, reactor=reactor, refusal=refusal, clock=Clock(), limits=make_limits(config)
    )


@define
class Office:
    """The site while it is open. Without a site or a door, nothing is."""

    _reactor: Any
    _site: WireSite | None = None
    _port: IListeningPort | None = field(default=None, init=False)

    async def open(self, door: Door | None) -> None:
        """Let people in; the door's socket is taken over."""
        if self._site is not None and door is not None:
            self._port = await listen(self._reactor, door, self._site)

    async def close(self) -> None:
        """Let nobody in, and end the connections."""
        if self._port is not None and self._site is not None:
            await stop_listening(self._port)
            self._site.traffic.abort()
