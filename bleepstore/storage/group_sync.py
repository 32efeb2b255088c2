"""One sync of a file for all who wait for one.

A sync costs the disk the same however many blobs it makes durable. Whoever waits when it begins is
served by it; who comes later is served by the next one, and there is one at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from ..streams.threads import Threads


class GroupSync:
    """Syncs one file.

    When a sync fails, nobody knows what of the file the kernel has dropped, and the next sync
    would not tell: it fails for good.

    Args:
        sync: makes durable what is written; called in a thread.
    """

    def __init__(self, threads: Threads, sync: Callable[[], None]) -> None:
        self._threads = threads
        self._sync = sync
        self._waiting: deque[Deferred[None]] = deque()
        self._is_running = False
        self._failure: Failure | None = None

    @property
    def is_broken(self) -> bool:
        """Whether a sync has failed."""
        return self._failure is not None

    def run(self) -> Deferred[None]:
        """Fires when all that is written by now is durable."""
        if self._failure is not None:
            return fail(self._failure)
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        if not self._is_running:
            self._next()
        return waiter

    def _next(self) -> None:
        self._is_running = bool(self._waiting)
        if self._is_running:
            served: list[Deferred[None]] = []
            self._threads.run(self._serve, served).addBoth(self._served, served)

    def _serve(self, served: list[Deferred[None]]) -> None:
        """In the thread; the other one only appends to what waits."""
        while self._waiting:
            served.append(self._waiting.popleft())
        self._sync()

    def _served(self, outcome: Failure | None, served: list[Deferred[None]]) -> None:
        if isinstance(outcome, Failure):
            self._failure = outcome
            served.extend(self._waiting)
            self._waiting.clear()
        self._next()  # first, so that the disk works while those who waited are told
        for waiter in served:
            if not waiter.called:  # else: cancelled, and nobody listens
                waiter.callback(outcome)  # with a Failure this is an errback
