"""The places at which workers serve, and who serves at each."""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from ..admin.shared_metrics import SharedMetrics
from .backoff import Backoff
from .doors import Doors
from .workers import Worker


@define(eq=False)
class Post:
    """A place at which one worker serves.

    Attributes:
        doors: its sockets; they stay open here, so that clients who come while nobody serves
            wait for the next worker.
        engagement: who serves. Whoever is replaced without need, or not yet in place, is not it.
        respawn: the call that will start the next one.
    """

    doors: Doors
    backoff: Backoff = field(factory=Backoff)
    engagement: Engagement | None = None
    respawn: Any = None

    def leave_empty(self) -> None:
        """Start nobody."""
        if self.respawn is not None and self.respawn.active():
            self.respawn.cancel()


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
