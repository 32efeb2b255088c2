"""Group commit, the reactor's half: who waits, who goes next, who hears what came of it.

A commit costs an fsync whatever its size, so everything that waits when it begins goes into it
together: when it begins, not when it is asked for, since the writers of other processes may have
their turn before. :mod:`.batch` is the other half, in the writer's thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .counters import Counters

MAX_BATCH = 256
"""Bounds how long the first of a batch waits for the last of it, and what a failed commit hits."""


Together = Callable[[Any, Sequence[Any]], Sequence[Any]]
"""Does what a ``function(txn, command)`` does to each of several commands, in fewer statements.

Answers one outcome for each command: what the function would return, or the exception that it would
raise. What the commands are about may not depend on their order, for none of them has been answered.
If it raises, nothing of it counts, and each command has its function called for it alone.
"""


@define(eq=False)
class Change:
    """One caller's ``function(txn, command)`` and the Deferred that the caller holds.

    Attributes:
        together: what may take its place for all changes of a batch that have the same.
    """

    description: str
    function: Callable[..., Any]
    command: Any
    together: Together | None = None
    result: Deferred[Any] = field(factory=Deferred)
    asked_at: float = field(factory=perf_counter)


Take = Callable[[], Sequence[Change]]
"""Answers the changes of a batch; called at most once, in the writer's thread."""

CommitBatch = Callable[[Take], Deferred[list[Any]]]


class CommitQueue:
    """Takes changes one by one and commits them batch by batch, one batch at a time.

    Args:
        commit: takes a batch and runs it; answers each change's result in order, a ``Failure`` for
            a change that failed alone; its own failure is that of every change in the batch, or of
            all that wait if it has not taken one.
        counters: told sizes and times.
    """

    def __init__(self, commit: CommitBatch, counters: Counters) -> None:
        self._commit = commit
        self._counters = counters
        self._waiting: deque[Change] = deque()
        self._busy = False
        self._idle_waiters: list[Deferred[None]] = []

    @property
    def length(self) -> int:
        """Changes that no batch has taken yet."""
        return len(self._waiting)

    def submit(self, change: Change) -> Deferred[Any]:
        """Queue a change. A Deferred cancelled while it waits takes the change out again."""
        self._waiting.append(change)
        if not self._busy:
            self._next_batch()
        return change.result

    def idle(self) -> Deferred[None]:
        """Fires when nothing waits and nothing is being committed."""
        waiter: Deferred[None] = Deferred()
        if self._busy:
            self._idle_waiters.append(waiter)
        else:
            waiter.callback(None)
        return waiter

    def _next_batch(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            batch: list[Change] = []
            committed = self._commit(partial(self._take, batch))
            committed.addBoth(self._committed, batch, perf_counter())
        else:
            waiters, self._idle_waiters = self._idle_waiters, []
            for waiter in waiters:
                waiter.callback(None)

    def _take(self, batch: list[Change]) -> list[Change]:
        """Fill a batch; the other thread only appends to what waits, or cancels what is in it."""
        while self._waiting and len(batch) < MAX_BATCH:
            change = self._waiting.popleft()
            if not change.result.called:  # else: cancelled while it waited
                batch.append(change)
        return batch

    def _committed(self, outcome: list[Any] | Failure, batch: list[Change], began: float) -> None:
        now = perf_counter()
        if isinstance(outcome, Failure):
            outcome = [outcome] * len(batch or self._take(batch))
        if batch:
            self._counters.batch_took(len(batch), now - began)
        self._next_batch()  # first, so that the disk works while the callers are told
        for change, result in zip(batch, outcome, strict=True):
            self._counters.change_took(change.description, now - change.asked_at)
            if not change.result.called:  # else: cancelled, and nobody listens
                change.result.callback(result)  # with a Failure this is an errback
