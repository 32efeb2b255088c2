"""Makes what stands under a natural name what the metadata say.

A crash at any step leaves the key's row in ``unshown``, and whoever takes it up does the same
again: nothing here depends on what an earlier attempt has done.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

import txaio
from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from ..clock import Clock
from ..errors import BlobMissing, UpstreamFailed
from ..ids import new_blob_id
from ..interfaces import INaturalNames
from ..metadata.showing import Claim, Failed, Name, Names, NoTask, OnShow, Settled, Task
from ..values import Appearance, ObjectVersion

log = txaio.make_logger()

T = TypeVar("T")

_RENEWALS = 4
_POLL_SECONDS = 0.2


@frozen
class Reconciler:
    """Works on one name at a time; see that nobody in this process does so twice at once.

    Args:
        reactor: for timers (``IReactorTime``).
        claim_seconds: how long a claim outlives its holder. An upstream may still be at the last
            request of a process that was killed; what comes of that must not come after the
            work of the next one.
    """

    _names: Names
    _natural: INaturalNames
    _clock: Clock
    _reactor: Any
    _claim_seconds: float
    _holder: str = field(factory=new_blob_id)

    async def reconcile(self, name: Name) -> None:
        """Work until the name is true, or has to be tried again later. Never fails."""
        try:
            while await self._names.is_pending(name) and await self._attempt(name):
                pass
        except CancelledError:
            raise
        except Exception:
            log.failure(
                "the name of {bucket}/{key} is left as it is",
                failure=Failure(),
                bucket=name.bucket,
                key=name.key,
            )

    async def _attempt(self, name: Name) -> bool:
        """Whether there may be more to do at once."""
        task = await self._names.claim(self._claim(name))
        if task is NoTask.HELD:
            await deferLater(self._reactor, _POLL_SECONDS)
            return True
        if not isinstance(task, Task):
            return False
        try:
            on_show = await self._holding(name, self._make_true(task))
        except CancelledError:
            raise
        except Exception as error:
            _report(task, error)
            if not self._is_lost(task, error):
                return not await self._names.postpone(Failed(task, self._clock.now_ms()))
            on_show = task.on_show  # whoever reads the object will find out what to make of it
        return not await self._names.record(Settled(task, on_show, self._clock.now_ms()))

    def _claim(self, name: Name) -> Claim:
        now_ms = self._clock.now_ms()
        return Claim(name, self._holder, now_ms, now_ms + int(self._claim_seconds * 1000))

    def _is_lost(self, task: Task, error: Exception) -> bool:
        """Whether there is nothing left to show: somebody has changed what we had shown before, or
        the metadata are a backup, and older than what stands upstream.

        Not everything that speaks S3's protocol finds at once what it has just been given.
        """
        current = task.current
        if not isinstance(error, BlobMissing) or current is None:
            return False
        if self._natural.is_shown(error.locator):
            return True
        age_ms = self._clock.now_ms() - current.last_modified_ms
        is_ours = error.locator in {segment.locator for segment in current.segments}
        return is_ours and age_ms > self._claim_seconds * 1000

    async def _make_true(self, task: Task) -> OnShow | None:
        """What stands there in the end."""
        current, on_show, name = task.current, task.on_show, task.name
        if on_show is not None and current is not None and _is_true(current, on_show):
            return on_show
        if on_show is not None and task.is_needed:
            await self._retain(name, on_show)
        if current is None:
            await self._natural.hide(name.bucket, name.key)
            return None
        appearance = _appearance(current)
        segments = [segment for segment in current.segments if segment.length]
        blob = await self._natural.show(name.bucket, name.key, segments, appearance)
        return None if blob is None else OnShow(blob, appearance)

    async def _retain(self, name: Name, on_show: OnShow) -> None:
        """Keep what others still refer to, before something else takes its place."""
        try:
            await self._natural.retain(on_show.blob.locator)
        except BlobMissing as error:
            log.error(
                "an older version of {bucket}/{key}, or a copy, has lost its bytes: {problem}",
                bucket=name.bucket,
                key=name.key,
                problem=str(error),
            )

    async def _holding(self, name: Name, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """Renew the claim for as long as the work lasts; who has lost it stops."""
        working = Deferred.fromCoroutine(work)
        renewing = LoopingCall(partial(self._renew, name, working))
        renewing.clock = self._reactor
        renewing.start(self._claim_seconds / _RENEWALS, now=False).addErrback(_log_renewal)
        try:
            return await working
        finally:
            if renewing.running:
                renewing.stop()

    def _renew(self, name: Name, working: Deferred[T]) -> Deferred[None]:
        async def renew() -> None:
            if not await self._names.renew(self._claim(name)):
                working.cancel()

        return Deferred.fromCoroutine(renew())


def _is_true(current: ObjectVersion, on_show: OnShow) -> bool:
    return current.segments == on_show.segments and _appearance(current) == on_show.appearance


def _appearance(version: ObjectVersion) -> Appearance:
    return Appearance(version.headers, version.user_metadata)


def _report(task: Task, error: Exception) -> None:
    about = {"bucket": task.name.bucket, "key": task.name.key}
    if isinstance(error, UpstreamFailed | BlobMissing):
        log.warn("{bucket}/{key} is not shown upstream yet: {error}", error=str(error), **about)
    else:
        log.failure("{bucket}/{key} cannot be shown upstream", failure=Failure(error), **about)


def _log_renewal(failure: Failure) -> None:
    log.failure("a claim could not be renewed", failure=failure)
