"""What requests ask of natural names: to be true before the answer, and to be looked at.

See ``docs/backends/naming.rst``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import txaio
from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredList
from zope.interface import implementer

from ..clock import Clock
from ..errors import BlobMissing, S3Error
from ..ids import new_version_id
from ..interfaces import IBlobStore, INaturalNames, IShowing
from ..metadata.adopting import Adopt, Adoption, Known, Lose
from ..metadata.showing import Name
from ..metadata.store import Store
from ..storage.remote.together import together
from ..streams.shielding import shielded
from ..values import ObjectVersion, Shown
from .reconciling import Reconciler
from .turns import Turns

log = txaio.make_logger()

_AT_ONCE = 32
_LOOKS_AT_ONCE = 8
_LAST_SECONDS = 5.0


@implementer(IShowing)
class Showing:
    """Natural names as one process sees to them.

    Args:
        blobs: the backend.
        natural: the same, as the one that shows natural names.
        reactor: for timers (``IReactorTime``).
        timeout_seconds: how long a request waits at most.
        claim_seconds: see :class:`~bleepstore.keeping.reconciling.Reconciler`.
    """

    def __init__(
        self,
        metadata: Store,
        blobs: IBlobStore,
        natural: INaturalNames,
        clock: Clock,
        reactor: Any,
        timeout_seconds: float,
        claim_seconds: float,
    ) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._natural = natural
        self._clock = clock
        self._reactor = reactor
        self._timeout_seconds = timeout_seconds
        reconciler = Reconciler(metadata.names, natural, clock, reactor, claim_seconds)
        self._turns: Turns[Name] = Turns(reconciler.reconcile, _AT_ONCE)

    async def stop(self) -> None:
        """Begin nothing more; what is under way has a few seconds, and is left for later then."""
        await self._turns.stop(_LAST_SECONDS, self._reactor)

    def show(self, name: Name) -> Deferred[None]:
        """Make a name true, or find out that this has to wait. Never fails but by being cancelled."""
        return self._turns.take(name)

    async def due(self, limit: int) -> Sequence[Name]:
        """Names that are to be shown by now and that nobody works on, at most ``limit``."""
        return await self._metadata.names.due(self._clock.now_ms(), limit)

    async def tidy(self, before_ms: int) -> int:
        """End what was begun upstream before an instant and not finished; answer how much."""
        return await self._natural.tidy(before_ms)

    async def settle(self, bucket: str, keys: Sequence[str]) -> None:
        """See :class:`~bleepstore.interfaces.IShowing`."""
        names = [Name(bucket, key) for key in dict.fromkeys(keys)]
        try:
            await shielded(self._show_all(names)).addTimeout(self._timeout_seconds, self._reactor)
        except defer.TimeoutError:
            log.info("an answer does not wait any longer for names upstream", bucket=bucket)

    async def _show_all(self, names: Sequence[Name]) -> None:
        await DeferredList([self.show(name) for name in names])

    async def check(self, version: ObjectVersion) -> None:
        """See :class:`~bleepstore.interfaces.IShowing`."""
        await self._check(filter(self._natural.is_shown, _locators(version)))

    async def check_parts(
        self, bucket: str, key: str, upload_id: str, numbers: Collection[int]
    ) -> None:
        """See :class:`~bleepstore.interfaces.IShowing`."""
        uploads = self._metadata.uploads
        locators = await uploads.list_locators(bucket, key, upload_id, numbers)
        await self._check(filter(self._natural.is_shown, locators))

    async def _check(self, locators: Iterable[str]) -> None:
        await together(self._check_one, locators, _LOOKS_AT_ONCE)

    async def _check_one(self, locator: str) -> None:
        if not await self._blobs.exists(locator):
            raise BlobMissing(locator)

    async def look_again(self, bucket: str, key: str, version_id: str | None) -> bool:
        """See :class:`~bleepstore.interfaces.IShowing`."""
        name = Name(bucket, key)
        if await self._metadata.names.is_pending(name):
            await self.settle(bucket, [key])
        try:
            _, version = await self._metadata.objects.get(bucket, key, version_id)
            known = (await self._metadata.adoptions.known(bucket, [key]))[key]
        except S3Error:
            return True  # it is gone, as the caller will find
        try:
            await self._check(_locators(version))
        except BlobMissing as error:
            if self._natural.is_shown(error.locator):
                await self._account_for(name, version, known, error)
            else:
                await self._replace(name, version, known)
        return True

    async def _account_for(
        self, name: Name, version: ObjectVersion, known: Known, error: BlobMissing
    ) -> None:
        """Record what has become of a version whose bytes are not there.

        What was never shown, since its source was gone before, leaves its place to what it would
        have replaced.
        """
        is_current = known.version is not None and known.version.version_id == version.version_id
        stands = await self._natural.look(name.bucket, name.key) if is_current else None
        if stands is not None and known.shows(version):
            if not self._natural.is_same(error.locator, stands):
                await self._take_over(name, known, stands)
            return
        await self._natural.confirm()
        now_ms = self._clock.now_ms()
        lose = Lose(name.bucket, version, known, new_version_id(), now_ms, stands)
        if await self._metadata.adoptions.lose(lose):
            about = {"bucket": name.bucket, "key": name.key, "version_id": version.version_id}
            log.warn("{bucket}/{key} was lost upstream: {error}", error=str(error), **about)

    async def _replace(self, name: Name, version: ObjectVersion, known: Known) -> None:
        """Take over what stands upstream for a version whose private bytes are gone.

        The metadata are older than what they refer to: they come from a backup. What was shown
        since stands there now, and is unknown to them.
        """
        if known.version is None or known.version.version_id != version.version_id:
            return
        stands = await self._natural.look(name.bucket, name.key)
        on_show = known.on_show
        if stands is not None and not (
            on_show is not None and self._natural.is_same(on_show.blob.locator, stands)
        ):
            await self._take_over(name, known, stands)

    async def _take_over(self, name: Name, known: Known, stands: Shown) -> None:
        adoption = Adoption(stands, known, new_version_id())
        command = Adopt(name.bucket, (adoption,), self._clock.now_ms())
        await self._metadata.adoptions.adopt(command)
        about = {"bucket": name.bucket, "key": name.key}
        log.info("{bucket}/{key} was changed upstream, and is taken over", **about)


def _locators(version: ObjectVersion) -> dict[str, None]:
    """Of a version's blobs, in their order."""
    return dict.fromkeys(segment.locator for segment in version.segments)
