"""Does many small things upstream, a few at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from twisted.internet.defer import Deferred, FirstError, gatherResults

T = TypeVar("T")


async def together(
    function: Callable[[T], Awaitable[object]], arguments: Iterable[T], limit: int
) -> None:
    """Await ``function`` of each argument, ``limit`` of them at a time.

    The first one that fails ends the others, and this with its error.
    """
    waiting = iter(arguments)

    async def work() -> None:
        for argument in waiting:
            await function(argument)

    workers = [Deferred.fromCoroutine(work()) for _ in range(limit)]
    try:
        await gatherResults(workers, consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()
    finally:
        for worker in workers:
            worker.cancel()
