"""The crew of a daemon with several workers: starts them, misses them, and replaces them.

It holds no data. What a store needs once, whoever serves it, is done here: recovery before any
worker starts, and again whenever one has ended; credentials; housekeeping.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import txaio
from attrs import define, field
from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredLock, gatherResults
from twisted.python.failure import Failure

from ..admin.shared_metrics import SharedMetrics
from ..errors import ConfigError, WorkerFailed
from .backoff import Backoff
from .doors import Doors
from .house import KeptRoom
from .tally import Tally
from .tls import Tls
from .workers import Worker

log = txaio.make_logger()

# More than a worker needs to end once its requests are over.
_LAST_SECONDS = 10.0

StartWorker = Callable[[Doors, SharedMetrics | None], Worker]


@define(eq=False)
class _Post:
    """A place at which one worker serves.

    Attributes:
        doors: its sockets; they stay open here, so that clients who come while nobody serves
            wait for the next worker.
        worker: who serves. Whoever is replaced without need, or not yet in place, is not it.
        respawn: the call that will start the next one.
    """

    doors: Doors
    backoff: Backoff = field(factory=Backoff)
    worker: Worker | None = None
    respawn: Any = None

    def leave_empty(self) -> None:
        """Start nobody."""
        if self.respawn is not None and self.respawn.active():
            self.respawn.cancel()


@define(eq=False)
class Supervisor:
    """Serves through workers. See :class:`~bleepstore.service.crew.Crew`.

    Args:
        store: what the workers serve.
        tls: read here as well, so that what is wrong with it is said once.
        tally: where the workers count.
        start_worker: starts one at some doors.
    """

    _reactor: Any
    _store: KeptRoom
    _tls: Tls
    _tally: Tally
    _start_worker: StartWorker
    _posts: list[_Post] = field(factory=list, init=False)
    _workers: set[Worker] = field(factory=set, init=False)
    _recovering: DeferredLock = field(factory=DeferredLock, init=False)
    _replacing: DeferredLock = field(factory=DeferredLock, init=False)
    _is_serving: bool = field(default=False, init=False)
    _all_gone: Deferred[None] | None = field(default=None, init=False)

    async def start(self, doors: list[Doors]) -> None:
        self._tls.load()
        await self._store.start()
        self._tally.start()
        self._posts = [_Post(each) for each in doors]
        for post in self._posts:
            post.worker = self._hire(post)
        serving = [post.worker.serving for post in self._posts if post.worker is not None]
        try:
            await gatherResults(serving, consumeErrors=True)
        except defer.FirstError as error:
            raise WorkerFailed("a worker did not start") from error
        self._is_serving = True

    def _hire(self, post: _Post) -> Worker:
        worker = self._start_worker(post.doors, self._tally.enter())
        self._workers.add(worker)
        worker.ended.addCallback(self._ended, worker, post).addErrback(_unexpected)
        return worker

    # --- when one is gone --------------------------------------------------------------------

    def _ended(self, how: str, worker: Worker, post: _Post) -> None:
        self._workers.discard(worker)
        self._tally.leave(worker.metrics)
        self._recover()
        if self._all_gone is not None and not self._workers:
            self._all_gone.callback(None)
        elif self._is_serving and post.worker is worker:
            self._miss(how, worker, post)

    def _recover(self) -> None:
        """Clean up behind whoever has ended. The living are not disturbed."""
        recovered = self._recovering.run(lambda: Deferred.fromCoroutine(self._recover_store()))
        recovered.addErrback(_unexpected)

    async def _recover_store(self) -> None:
        await self._store.recover()

    def _miss(self, how: str, worker: Worker, post: _Post) -> None:
        seconds = post.backoff.next(self._reactor.seconds() - worker.started_at)
        log.error(
            "worker {pid} {how}; another one follows in {seconds:g} s",
            pid=worker.pid, how=how, seconds=seconds,
        )  # fmt: skip
        self._tally.worker_restarted()
        post.worker = None
        post.respawn = self._reactor.callLater(seconds, self._respawn, post)

    def _respawn(self, post: _Post) -> None:
        worker = post.worker = self._hire(post)
        worker.serving.addCallbacks(
            lambda _: log.info("worker {pid} serves", pid=worker.pid),
            lambda _: None,  # it has ended, which is seen to
        )

    # --- when all go on ----------------------------------------------------------------------

    def reload(self) -> None:
        try:
            self._tls.load()
        except ConfigError as error:
            log.error("the former certificate stays in use: {problem}", problem=str(error))
            return
        for worker in self._workers:
            worker.reload()

    def restart(self) -> None:
        if self._replacing.locked or not self._is_serving:
            log.warn("the workers are not replaced: they are just starting")
            return
        replaced = self._replacing.run(lambda: Deferred.fromCoroutine(self._replace_all()))
        replaced.addErrback(_unexpected)

    async def _replace_all(self) -> None:
        log.info("replacing all workers, one by one")
        for post in self._posts:
            if not await self._replace(post):
                return
        log.info("all workers are replaced")

    async def _replace(self, post: _Post) -> bool:
        """Answer whether the successor serves; if not, everything stays as it was."""
        successor = self._hire(post)
        try:
            await successor.serving
        except Exception as error:
            if self._is_serving:
                log.error("the workers stay: the successor failed ({error})", error=str(error))
            return False
        former, post.worker = post.worker, successor
        post.leave_empty()
        if former is not None:
            former.retire()
        return True

    # --- when all end ------------------------------------------------------------------------

    async def stop(self, seconds: float) -> None:
        self._is_serving = False
        for post in self._posts:
            post.leave_empty()
        try:
            await self._dismiss(seconds)
            await self._recovering.acquire()
        finally:
            self._tally.stop()
            await self._store.stop()

    async def _dismiss(self, seconds: float) -> None:
        if not self._workers:
            return
        gone = self._all_gone = Deferred()
        for worker in self._workers:
            worker.stop(seconds)
        late = self._reactor.callLater(seconds + _LAST_SECONDS, self._kill)
        await gone
        if late.active():
            late.cancel()

    def _kill(self) -> None:
        for worker in self._workers:
            log.error("killing worker {pid}, which does not end", pid=worker.pid)
            worker.kill()


def _unexpected(failure: Failure) -> None:
    log.failure("supervising the workers failed", failure=failure)
