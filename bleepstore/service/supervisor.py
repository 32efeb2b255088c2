"""The crew of a daemon with several workers: starts them, misses them, and replaces them.

It holds no data. What a store needs once, whoever serves it, is done here: recovery before any
worker serves, and again whenever one has ended; credentials; housekeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import txaio
from attrs import define, field
from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredLock, gatherResults
from twisted.python.failure import Failure

from ..admin.checkup import Check
from ..admin.metrics import Metrics
from ..errors import WorkerFailed
from .doors import Doors
from .house import KeptHouse
from .listeners import Door
from .office import Office
from .posts import Engagement, Post
from .tally import Tally
from .tls import Tls
from .understudy import Understudy
from .workers import Worker

log = txaio.make_logger()

# More than a worker needs to end once its requests are over.
_LAST_SECONDS = 10.0

OpenStore = Callable[[Metrics | None, Mapping[str, Check]], KeptHouse]
"""Builds what the workers serve, given where it counts, and what must hold for it to be ready."""


@define(eq=False)
class Supervisor:
    """Serves through workers. See :class:`~bleepstore.service.crew.Crew`.

    Args:
        open_store: builds what the workers serve.
        tls: what the workers show.
        tally: where the workers count.
        start_worker: starts one, without a place to serve at.
    """

    _reactor: Any
    _open_store: OpenStore
    _tls: Tls
    _tally: Tally
    _start_worker: Callable[[], Worker]
    _store: KeptHouse | None = field(default=None, init=False)
    _metrics: Metrics | None = field(default=None, init=False)
    _office: Office = field(init=False)
    _posts: list[Post] = field(factory=list, init=False)
    _workers: dict[Worker, Engagement | None] = field(factory=dict, init=False)
    _understudy: Understudy = field(init=False)
    _recovering: DeferredLock = field(factory=DeferredLock, init=False)
    _replacing: DeferredLock = field(factory=DeferredLock, init=False)
    _is_serving: bool = field(default=False, init=False)
    _is_ending: bool = field(default=False, init=False)
    _all_gone: Deferred[None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._understudy = Understudy(self._reactor, self._employ)
        self._office = Office(self._reactor)

    async def start(self, doors: list[Doors], office: Door | None = None) -> None:
        self._tls.load()
        workers = [self._employ() for _ in doors]  # they load the program meanwhile
        self._metrics = self._tally.start()
        store = self._store = self._open_store(self._metrics, {"workers": self._check})
        await store.start()
        self._posts = [Post(each) for each in doors]
        await self._fill_all(workers)
        self._office = Office(self._reactor, store.office)
        await self._office.open(office)
        self._is_serving = True
        self._understudy.prepare()

    async def _fill_all(self, workers: Sequence[Worker]) -> None:
        if not self._workers.keys() >= set(workers):
            raise WorkerFailed("a worker ended before the store was open")
        engagements = list(map(self._fill, self._posts, workers))
        try:
            await gatherResults([each.serving for each in engagements], consumeErrors=True)
        except defer.FirstError as error:
            self._is_ending = True  # so nobody follows the one who has failed
            raise WorkerFailed("a worker did not start") from error

    async def _check(self) -> None:
        """Fail if nobody serves."""
        if not any(post.engagement and post.engagement.serving.called for post in self._posts):
            raise WorkerFailed("no worker serves")

    def _employ(self) -> Worker:
        worker = self._start_worker()
        self._workers[worker] = None
        worker.ended.addCallback(self._ended, worker).addErrback(_unexpected)
        return worker

    def _engage(self, post: Post, worker: Worker) -> Engagement:
        """Let a worker serve at a post."""
        metrics = self._tally.enter()
        serving = worker.serve(post.doors, metrics, self._tls.pem)
        engagement = Engagement(worker, post, serving, metrics, self._reactor.seconds())
        self._workers[worker] = engagement
        serving.addCallback(self._serves, worker)
        return engagement

    def _serves(self, answer: object, worker: Worker) -> object:
        log.info("worker {pid} serves", pid=worker.pid)
        return answer

    def _fill(self, post: Post, worker: Worker) -> Engagement:
        """Let a worker serve at an empty post, and be the one who does."""
        post.engagement = self._engage(post, worker)
        return post.engagement

    # --- when one is gone --------------------------------------------------------------------

    def _ended(self, how: str, worker: Worker) -> None:
        engagement = self._workers.pop(worker)
        if engagement is not None:
            self._tally.leave(engagement.metrics)
            self._recover()
        if self._is_ending:
            self._tell_if_all_are_gone()
        elif not self._posts:
            log.error("worker {pid}, which was to serve, {how}", pid=worker.pid, how=how)
        elif not self._understudy.missed(worker, how):
            self._miss(how, engagement)

    def _recover(self) -> None:
        """Clean up behind whoever has ended. The living are not disturbed."""
        recovered = self._recovering.run(lambda: Deferred.fromCoroutine(self._recover_store()))
        recovered.addErrback(_unexpected)

    async def _recover_store(self) -> None:
        if self._store is not None:
            await self._store.recover()

    def _miss(self, how: str, engagement: Engagement | None) -> None:
        """Replace a worker that has ended, unless nobody had it any more."""
        if engagement is None or engagement.post.engagement is not engagement:
            return
        post = engagement.post
        seconds = post.backoff.next(self._reactor.seconds() - engagement.began_at)
        log.error(
            "worker {pid} {how}; another one follows in {seconds:g} s",
            pid=engagement.worker.pid, how=how, seconds=seconds,
        )  # fmt: skip
        if self._metrics is not None:
            self._metrics.workers_restarted.inc()
        post.engagement = None
        if seconds:
            post.turn_away()
        post.respawn = self._reactor.callLater(seconds, self._respawn, post)

    def _respawn(self, post: Post) -> None:
        self._fill(post, self._understudy.take()).serving.addCallbacks(
            lambda _: self._understudy.prepare(),
            lambda _: None,  # it has ended, which is seen to
        )

    # --- when all go on ----------------------------------------------------------------------

    def reload(self) -> None:
        if self._tls.reload():
            for worker in self._workers:
                worker.reload(self._tls.pem)

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
                break
            self._understudy.dismiss()  # what it has loaded may be out of date
        else:
            log.info("all workers are replaced")
        if self._is_serving:
            self._understudy.prepare()

    async def _replace(self, post: Post) -> bool:
        """Answer whether the successor serves; if not, everything stays as it was."""
        successor = self._engage(post, self._employ())  # who loads what there is now
        post.successor = successor
        try:
            await successor.serving
        except Exception as error:
            if self._is_serving:
                log.error("the workers stay: the successor failed ({error})", error=str(error))
            return False
        finally:
            post.successor = None
        former, post.engagement = post.engagement, successor
        post.leave_empty()
        if former is not None:
            former.worker.retire()
        return True

    # --- when all end ------------------------------------------------------------------------

    async def stop(self, seconds: float) -> None:
        self._is_serving, self._is_ending = False, True
        self._understudy.dismiss()
        for post in self._posts:
            post.leave_empty()
            post.close()
        try:
            await self._office.close()
            await self._dismiss(seconds)
            await self._recovering.acquire()
        finally:
            if self._store is not None:
                await self._store.stop()
            self._tally.stop()

    async def _dismiss(self, seconds: float) -> None:
        if not self._workers:
            return
        gone = self._all_gone = Deferred()
        for worker, engagement in self._workers.items():
            if engagement is None:
                worker.kill()  # it has nothing yet, and would hear of it when all is loaded
            else:
                worker.stop(seconds)
        late = self._reactor.callLater(seconds + _LAST_SECONDS, self._kill)
        await gone
        if late.active():
            late.cancel()

    def _tell_if_all_are_gone(self) -> None:
        if self._all_gone is not None and not self._workers:
            self._all_gone.callback(None)

    def _kill(self) -> None:
        for worker in self._workers:
            log.error("killing worker {pid}, which does not end", pid=worker.pid)
            worker.kill()


def _unexpected(failure: Failure) -> None:
    log.failure("supervising the workers failed", failure=failure)
