"""Threads for work that would block the reactor: disk, SQL, hashing.

Twisted's own ``deferToThread`` answers a cancelled caller at once while the job goes on. A job
that still writes to a file whose owner believes it closed is how data is corrupted, so a
cancelled job here is waited for before the caller hears of the cancellation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

T = TypeVar("T")


class Threads:
    """A pool of threads with a name.

    Args:
        reactor: where results arrive.
        name: appears in the names of the threads.
        size: the greatest number of threads; they are started as they are needed.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str, size: int) -> None:
        self._reactor = reactor
        self._pool = _DaemonThreadPool(0, size, name)
        self._is_running = False
        self._jobs = 0
        self._idle: list[Deferred[None]] = []

    def start(self) -> None:
        """Accept jobs from now on."""
        self._pool.start()
        self._is_running = True

    async def stop(self) -> None:
        """Accept no more jobs, let those that were accepted end, then end the threads."""
        if not self._is_running:
            return
        self._is_running = False
        await self._until_idle()
        self._pool.stop()

    def run(self, function: Callable[..., T], *arguments: Any) -> Deferred[T]:
        """Call ``function(*arguments)`` in a thread and answer what it returns or raises.

        Cancelling drops a job that has not begun and waits for the end of one that has; then the
        Deferred fails with ``CancelledError``.
        """
        if not self._is_running:
            return fail(RuntimeError("the threads are not running"))
        return Deferred.fromCoroutine(self._run(_Job(partial(function, *arguments))))

    async def _run(self, job: _Job[T]) -> T:
        self._jobs += 1
        try:
            self._pool.callInThreadWithCallback(partial(self._report, job), job.work)
            return await job.outcome()
        finally:
            self._jobs -= 1
            self._tell_idle()

    def _report(self, job: _Job[T], _succeeded: bool, result: Any) -> None:
        """Called in the thread."""
        self._reactor.callFromThread(job.end, result)

    def _until_idle(self) -> Deferred[None]:
        if not self._jobs:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def _tell_idle(self) -> None:
        if not self._jobs:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                idle.callback(None)


class _DaemonThread(Thread):
    """A thread that does not keep the process alive when nobody came to stop it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options, daemon=True)


class _DaemonThreadPool(ThreadPool):
    threadFactory = _DaemonThread


class _Job(Generic[T]):
    """A call on its way through a thread. All but ``work`` happens in the reactor's thread."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._result: Any = None
        self._is_over = False
        self._is_unwanted = False
        self._waiter: Deferred[None] | None = None

    def work(self) -> T | None:
        return None if self._is_unwanted else self._call()

    def end(self, result: Any) -> None:
        self._is_over = True
        self._result = result
        del self._call  # it may hold megabytes, and this a traceback of whoever waited
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.callback(None)

    async def outcome(self) -> T:
        while not self._is_over:
            self._waiter = Deferred()
            try:
                await self._waiter
            except CancelledError:
                self._is_unwanted = True
        if self._is_unwanted:
            raise CancelledError
        if isinstance(self._result, Failure):
            self._result.raiseException()
        result: T = self._result
        return result
