"""Reads all that is stored again, and tells what is no longer what it was.

A daemon may be at work meanwhile: what was overwritten or deleted while it was read is passed
over. Where the scrub stands is written down from time to time, so that it can go on from there.
What a damaged database no longer knows is noted as a gap, and the scrub goes on behind it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from ..errors import NotPossible, StorageBroken
from ..interfaces import IBlobStore
from ..metadata.survey import KINDS, START, Holding, Position, Survey
from ..streams.threads import Threads
from ..values import Bucket
from .pace import Pace
from .progress import Progress
from .readable import readable_holdings
from .scrub_state import Damage, ScrubState, StateFile
from .verification import Verdict, Verifier

_SAVE_SECONDS = 5.0


@define
class Scrub:
    """One walk through the store.

    Args:
        blobs: started.
        state_file: where it is written down how far the walk is; gone when it is over.
        only: the name of the one bucket to look at; None for all.
        bytes_per_second: how fast to read; 0 for as fast as it goes.
    """

    _survey: Survey
    _blobs: IBlobStore
    _threads: Threads
    _reactor: IReactorTime
    _state_file: StateFile
    _only: str | None = None
    _bytes_per_second: float = 0
    _saved_at: float = field(default=0.0, init=False)

    async def run(self, progress: Progress, *, is_resumed: bool = False) -> ScrubState:
        """Look at everything; answers what was found.

        Args:
            is_resumed: whether to go on where the last walk was interrupted.

        Raises:
            NotPossible: there is no such bucket.
        """
        state = await self._threads.run(self._state_file.load) if is_resumed else None
        if state is None or state.only != self._only:
            state = ScrubState(only=self._only)
        progress.expect(await self._total_bytes())
        progress.advance(state.read_bytes)
        verifier = Verifier(
            self._blobs, self._threads, Pace(self._reactor, self._bytes_per_second, progress)
        )
        try:
            async for bucket, holding in self._walk(state):
                await self._look(verifier, state, bucket, holding)
        except BaseException:
            self._state_file.save(state)
            raise
        await self._threads.run(self._state_file.remove)
        return state

    async def _total_bytes(self) -> int:
        sizes = [await self._bytes_of(each) async for each in self._buckets()]
        if self._only is not None and not sizes:
            raise NotPossible(f"there is no bucket {self._only}; see: bleepstore-admin bucket list")
        return sum(sizes)

    async def _bytes_of(self, bucket: Bucket) -> int:
        try:
            return await self._survey.bytes_of(bucket)
        except StorageBroken:
            return 0  # nobody knows; what is damaged shows on the way

    async def _buckets(self) -> AsyncIterator[Bucket]:
        async for bucket in self._survey.buckets():
            if self._only in (None, bucket.name):
                yield bucket

    async def _walk(self, state: ScrubState) -> AsyncIterator[tuple[Bucket, Holding]]:
        """All that holds bytes, behind where the state says."""
        async for bucket in self._buckets():
            if bucket.name < state.bucket:
                continue
            for kind, after in _behind(state, bucket):
                holdings = readable_holdings(self._survey, state.gaps, bucket, kind, after)
                async for holding in holdings:
                    yield bucket, holding

    async def _look(
        self, verifier: Verifier, state: ScrubState, bucket: Bucket, holding: Holding
    ) -> None:
        verdict = await verifier.verify(holding)
        if not verdict.problem or await self._survey.is_still_there(bucket, holding):
            _note(state, bucket, holding, verdict)
        state.bucket, state.kind, state.position = bucket.name, holding.kind, holding.position
        now = self._reactor.seconds()
        if now - self._saved_at > _SAVE_SECONDS:
            self._saved_at = now
            await self._threads.run(self._state_file.save, state)


def _behind(state: ScrubState, bucket: Bucket) -> list[tuple[str, Position]]:
    """What is left of a bucket: each kind, and behind what to begin."""
    if bucket.name != state.bucket:
        return [(kind, START) for kind in KINDS]
    begun = KINDS.index(state.kind)
    return [(state.kind, state.position), *((kind, START) for kind in KINDS[begun + 1 :])]


def _note(state: ScrubState, bucket: Bucket, holding: Holding, verdict: Verdict) -> None:
    state.checked += 1
    state.read_bytes += holding.size_bytes
    if verdict.problem:
        damage = Damage(bucket.name, holding.key, holding.id, holding.number, verdict.problem)
        (state.doubtful if verdict.is_doubtful else state.damaged).append(damage)
