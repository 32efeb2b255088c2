"""Waiting for work that must not end half done when whoever waits for it is gone."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import txaio
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

log = txaio.make_logger()

T = TypeVar("T")


def shielded(work: Awaitable[T]) -> Deferred[T]:
    """Wait for ``work`` in a way that cancelling the wait does not cancel the work."""
    waiter: Deferred[T] = Deferred()

    async def run() -> None:
        try:
            result = await work
        except Exception:
            failure = Failure()
            if waiter.called:
                log.failure("a change failed after its client had left", failure=failure)
            else:
                waiter.errback(failure)
        else:
            if not waiter.called:
                waiter.callback(result)

    Deferred.fromCoroutine(run())
    return waiter
