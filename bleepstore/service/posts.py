"""The places at which workers serve, and who serves at each."""

from __future__ import annotations

from typing import Any

import txaio
from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from ..admin.shared_metrics import SharedMetrics
from .backoff import Backoff
from .doors import Doors, close_doors
from .listeners import Door, rebind
from .workers import Worker

log = txaio.make_logger()


@define(eq=False)
class Post:
    """A place at which one worker serves.

    Attributes:
        doors: its sockets; they stay open here, so that clients who come while nobody serves
            wait for the next worker.
        engagement: who serves. Whoever is replaced without need, or not yet in place, is not it.
        successor: who is to replace the one who serves, until that is so.
        respawn: the call that will start the next one.
    """

    doors: Doors
    backoff: Backoff = field(factory=Backoff)
    engagement: Engagement | None = None
    successor: Engagement | None = None
    respawn: Any = None

    def turn_away(self) -> None:
        """Send clients to other posts until somebody serves here, unless somebody is about to."""
        if self.successor is None:
            self.doors = tuple(map(_without_queue, self.doors))

    def close(self) -> None:
        """Have no doors any more."""
        close_doors([self.doors])

    def leave_empty(self) -> None:
        """Start nobody."""
        if self.respawn is not None and self.respawn.active():
            self.respawn.cancel()


def _without_queue(door: Door) -> Door:
    if door.is_shared:
        return door  # others take those who come
    try:
        return rebind(door)
    except OSError as error:
        log.warn(
            "clients wait at {url}, where nobody serves: {problem}", url=door.url, problem=error
        )
        return door


@frozen(eq=False)
class Engagement:
    """A worker at a post, from its call on.

    Attributes:
        serving: fires when it serves; fails if the worker ends before.
        metrics: where it counts.
        began_at: in seconds of the reactor's clock.
    """

    worker: Worker
    post: Post
    serving: Deferred[Any]
    metrics: SharedMetrics | None
    began_at: float
