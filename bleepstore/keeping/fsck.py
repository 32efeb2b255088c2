"""Holds what the metadata refers to against what the backend has, and mends what can be mended.

A daemon may be at work meanwhile. What looks wrong is therefore looked at again, in an order in
which nothing that is on its way, neither in nor out, looks wrong twice: a blob has a name among
the arrivals until the metadata refers to it, and it is gone before the metadata forgets it.

Of a damaged database all is said that can be read, and nothing is repaired.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

from attrs import define, field, frozen

from ..clock import Clock
from ..errors import BlobMissing, NotPossible
from ..interfaces import IArrivals, IBlobStore
from ..metadata.check import Corrections, Miscount, StoredBlob, Totals
from ..metadata.store import Store
from ..metadata.totals import WrongTotal
from .naming import damaged_without
from .questions import Questions
from .scrub_state import Damage, Gap

_BATCH = 500


@frozen
class Findings:
    """What is wrong with a store.

    Attributes:
        totals: how much was looked at; None where nobody can tell.
        strays: rows that are where they never should be: a description, and how many.
        wrong_totals: how much there is of a kind, where that is not what counting gives.
        miscounts: blobs that are referred to more or less often than their rows say.
        missing: locators that metadata refers to and of which the backend lacks bytes.
        damaged: the versions and parts that refer to those; they do not count again.
        unknown: locators of the backend that nothing refers to.
        abandoned: locators of blobs that were on their way in when their process ended.
        gaps: where something may be that a damaged database keeps to itself.
        unanswered: what could not be asked to its end, and why; all else is said about what can be
            read.
    """

    totals: Totals | None
    strays: Mapping[str, int]
    wrong_totals: tuple[WrongTotal, ...]
    miscounts: tuple[Miscount, ...]
    missing: tuple[str, ...]
    damaged: tuple[Damage, ...]
    unknown: tuple[str, ...]
    abandoned: tuple[str, ...]
    gaps: tuple[Gap, ...]
    unanswered: tuple[str, ...]

    @property
    def problems(self) -> int:
        """How many things are wrong."""
        wrong = (self.wrong_totals, self.miscounts, self.missing, self.unknown, self.abandoned)
        return sum(map(len, (*wrong, self.gaps, self.unanswered))) + sum(self.strays.values())

    @property
    def unreferenced(self) -> int:
        """How many blobs there are that nothing refers to, known to the metadata or not."""
        return len(self.unknown) + sum(not each.found for each in self.miscounts)


@define
class Fsck:
    """A check of a whole store, and the repair of what it finds.

    Args:
        blobs: started.
    """

    _metadata: Store
    _blobs: IBlobStore
    _clock: Clock = field(factory=Clock)

    async def check(self) -> Findings:
        """Look at everything; changes nothing."""
        checks, survey = self._metadata.checks, self._metadata.survey
        questions, gaps = Questions(), list[Gap]()
        arrivals = await self._arrivals()
        totals = await questions.ask("how much there is", checks.totals(), None)
        strays: Mapping[str, int] = await questions.ask("what is out of place", checks.strays(), {})
        wrong_totals = await questions.ask("the totals", self._metadata.inventory.wrong(), ())
        miscounts = await questions.list("how often bytes are referred to", checks.miscounts())
        missing = await questions.list("which bytes are missing", self._missing())
        unknown = await questions.list("which bytes nothing refers to", self._unknown())
        damaged: tuple[Damage, ...] = ()
        if missing or questions.unanswered:
            holders = damaged_without(survey, frozenset(missing), gaps)
            damaged = await questions.list("which objects lack bytes", holders)
        return Findings(
            totals=totals,
            strays=strays,
            wrong_totals=wrong_totals,
            miscounts=miscounts,
            missing=missing,
            damaged=damaged,
            unknown=unknown,
            abandoned=tuple(sorted(each for each, is_live in arrivals.items() if not is_live)),
            gaps=tuple(gaps),
            unanswered=tuple(questions.unanswered),
        )

    async def repair(self, findings: Findings, *, deletes_unreferenced: bool = False) -> None:
        """Mend what can be mended without guessing, while nobody else uses the store.

        Wrong counts are set right, and what a dead process left behind is recovered as at a
        start. Bytes that are missing stay so, and strays are left to look at.

        Args:
            deletes_unreferenced: whether bytes go that nothing refers to. Somebody must know that
                the metadata is all there: one that has lost keys, or was restored from an older
                backup, refers to few of the bytes that are wanted.

        Raises:
            NotPossible: not all could be read, so nobody knows what is referred to.
        """
        if findings.gaps or findings.unanswered:
            raise NotPossible(
                "the database cannot be read to its end, so nothing is repaired; fsck without "
                "--repair says what can be read, and docs/failures.rst what to do"
            )
        await self._blobs.recover(self._metadata.blobs.referenced)
        miscounts = findings.miscounts
        if deletes_unreferenced:
            await self._blobs.delete(findings.unknown)
        else:
            miscounts = tuple(each for each in miscounts if each.found)
        await self._metadata.checks.correct(Corrections(miscounts, self._clock.now_ms()))
        await self._metadata.inventory.correct()

    async def _arrivals(self) -> Mapping[str, bool]:
        tracker = IArrivals(self._blobs, None)
        arrivals: Mapping[str, bool] = {} if tracker is None else await tracker.list_arrivals()
        return arrivals

    # --- what the metadata refers to and the backend lacks

    async def _missing(self) -> AsyncIterator[str]:
        async for blob in self._stored_blobs():
            if not await self._has(blob) and await self._is_referenced(blob.locator):
                yield blob.locator

    async def _stored_blobs(self) -> AsyncIterator[StoredBlob]:
        after = ""
        while page := await self._metadata.checks.stored_blobs(after, _BATCH):
            for blob in page:
                yield blob
            after = page[-1].locator

    async def _has(self, blob: StoredBlob) -> bool:
        """Whether the blob is there to its last byte, if it has any."""
        if not blob.size_bytes:
            return bool(await self._blobs.exists(blob.locator))
        with suppress(BlobMissing):
            producer = await self._blobs.read(blob.locator, blob.size_bytes - 1, 1)
            producer.stopProducing()
            return True
        return False

    async def _is_referenced(self, locator: str) -> bool:
        return bool(await self._metadata.blobs.referenced([locator]))

    # --- what the backend has and the metadata knows nothing of

    async def _unknown(self) -> AsyncIterator[str]:
        batch: list[str] = []
        async for locator in self._blobs.list_locators():
            batch.append(locator)
            if len(batch) == _BATCH:
                for each in await self._unknown_of(batch):
                    yield each
                batch = []
        for each in await self._unknown_of(batch):
            yield each

    async def _unknown_of(self, locators: Sequence[str]) -> list[str]:
        suspects = await self._metadata.checks.unknown(locators)
        if not suspects:
            return []
        settled = suspects - (await self._arrivals()).keys()
        unknown = await self._metadata.checks.unknown(sorted(settled))
        return [each for each in sorted(unknown) if await self._blobs.exists(each)]
