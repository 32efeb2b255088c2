"""Work on many things at once, but on each thing only once at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredList,
    DeferredSemaphore,
    succeed,
)
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

K = TypeVar("K", bound=Hashable)


@define(eq=False)
class _Thing:
    """Those who wait for the work under way, and those who came too late for that."""

    work: Deferred[None] | None = None
    now: list[Deferred[None]] = field(factory=list)
    next: list[Deferred[None]] = field(factory=list)


class Turns(Generic[K]):
    """Runs one function on things, at most once at a time on each.

    Args:
        work: what is done to a thing. It must not fail.
        at_once: how many things are worked on at a time.
    """

    def __init__(self, work: Callable[[K], Awaitable[None]], at_once: int) -> None:
        self._work = work
        self._things: dict[K, _Thing] = {}
        self._tokens = DeferredSemaphore(at_once)
        self._is_stopped = False

    def take(self, thing: K) -> Deferred[None]:
        """Work on a thing, from its beginning and from now on; all who ask meanwhile share that.

        Cancelling only ends the wait.
        """
        if self._is_stopped:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        state = self._things.setdefault(thing, _Thing())
        state.next.append(waiter)
        if state.work is None:
            self._begin(thing, state)
        return waiter

    async def stop(self, seconds: float, reactor: IReactorTime) -> None:
        """Begin nothing more; what is under way has some seconds to end, then it is cancelled."""
        self._is_stopped = True
        under_way = [state.work for state in self._things.values() if state.work is not None]
        ended = DeferredList([_observed(work) for work in under_way])
        deadline = reactor.callLater(seconds, _cancel, under_way)
        await ended
        if deadline.active():
            deadline.cancel()

    def _begin(self, thing: K, state: _Thing) -> None:
        state.work = Deferred.fromCoroutine(self._run(thing, state))
        state.work.addErrback(_expect_cancelling)
        state.work.addCallback(lambda _: self._ended(thing, state))

    async def _run(self, thing: K, state: _Thing) -> None:
        await self._tokens.acquire()
        try:
            # Whoever asks from here on has seen more than the work may take in.
            state.now, state.next = state.next, []
            await self._work(thing)
        finally:
            self._tokens.release()

    def _ended(self, thing: K, state: _Thing) -> None:
        state.work = None
        done, state.now = state.now, []
        if state.next and not self._is_stopped:
            self._begin(thing, state)
        else:
            del self._things[thing]
            done += state.next
        for waiter in done:
            waiter.callback(None)


def _expect_cancelling(failure: Failure) -> None:
    failure.trap(CancelledError)


def _cancel(works: Sequence[Deferred[None]]) -> None:
    for work in works:
        work.cancel()


def _observed(work: Deferred[None]) -> Deferred[None]:
    """Another Deferred that fires when this one does."""
    observer: Deferred[None] = Deferred()
    work.addBoth(lambda _: observer.callback(None))
    return observer
