"""Removes what is of no use any more, without making anybody wait.

It is what recovery would remove as well, so nothing is lost if the process ends first. While one
batch is removed, the next one gathers: there is never more than one job, and no timer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import txaio
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from ..errors import BleepStoreError

log = txaio.make_logger()

T = TypeVar("T")


class Removal(Generic[T]):
    """Takes things and removes them in the background.

    Args:
        remove: removes a batch of them.
    """

    def __init__(self, remove: Callable[[list[T]], Awaitable[object]]) -> None:
        self._remove = remove
        self._things: list[T] = []
        self._is_running = False
        self._finished: Deferred[None] | None = None

    def add(self, thing: T) -> None:
        """Remove ``thing`` soon."""
        self._things.append(thing)
        if not self._is_running:
            self._is_running = True
            Deferred.fromCoroutine(self._run()).addErrback(_complain)

    def finish(self) -> Deferred[None]:
        """Fires when everything that was added is gone."""
        if not self._is_running:
            return succeed(None)
        self._finished = Deferred()
        return self._finished

    async def _run(self) -> None:
        try:
            while self._things:
                batch, self._things = self._things, []
                await self._remove(batch)
        finally:
            self._is_running = False
            finished, self._finished = self._finished, None
            if finished is not None:
                finished.callback(None)


def _complain(failure: Failure) -> None:
    what = "removing what is not needed any more failed"
    if failure.check(BleepStoreError):
        log.error("{what}: {problem}", what=what, problem=str(failure.value))
    else:
        log.failure("{what}", what=what, failure=failure)
