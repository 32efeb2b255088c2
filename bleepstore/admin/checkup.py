"""One check of the daemon's health: run when somebody asks, but not for each who asks.

A check may cost an upstream a request, and load balancers ask every second, so an outcome holds
for a few seconds. A check that hangs has failed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import txaio
from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from .standing import Standing

log = txaio.make_logger()

Check = Callable[[], Awaitable[object]]
"""Fails if all is not well."""

_FRESH_SECONDS = 3.0
_PATIENCE_SECONDS = 10.0


@frozen
class Outcome:
    """What came of a check, and how long it took."""

    is_good: bool
    latency_ms: float


@define(eq=False)
class Checkup:
    """A check and its latest outcome.

    Args:
        name: for the log.
        check: what is to be known.
        reactor: its clock, and for the time limit.
    """

    _name: str
    _check: Check
    _reactor: Any
    _standing: Standing = field(init=False)
    _latest: Outcome = field(default=Outcome(True, 0.0), init=False)
    _found_at: float = field(default=-_FRESH_SECONDS, init=False)
    _waiting: list[Deferred[None]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._standing = Standing(f"health check {self._name}")

    async def outcome(self) -> Outcome:
        """The latest outcome, or one that is found out now if that is too old."""
        age_seconds = self._reactor.seconds() - self._found_at
        if not 0 <= age_seconds < _FRESH_SECONDS:  # below 0: the clock was set back
            await self._next()
        return self._latest

    def _next(self) -> Deferred[None]:
        """Fires when a check is over. One who no longer waits does not end it for the others."""
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        if len(self._waiting) == 1:
            checking = Deferred.fromCoroutine(self._find_out())
            checking.addErrback(lambda failure: log.failure("cannot check", failure=failure))
        return waiter

    async def _find_out(self) -> None:
        began = self._reactor.seconds()
        try:
            await Deferred.fromCoroutine(self._run()).addTimeout(_PATIENCE_SECONDS, self._reactor)
        except Exception as error:
            self._standing.failed(error)
        else:
            self._standing.succeeded()
        now = self._reactor.seconds()
        self._latest = Outcome(self._standing.is_good, round((now - began) * 1000, 3))
        self._found_at = now
        self._tell()

    async def _run(self) -> None:
        await self._check()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.called:  # else: cancelled
                waiter.callback(None)
