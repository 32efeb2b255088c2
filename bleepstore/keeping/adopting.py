"""Brings objects that stand upstream under natural names into the metadata.

So a team can put a gateway in front of a bucket that it already has. It works beside a running
daemon: what a client writes at the same time is left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import define, field, frozen

from ..clock import Clock
from ..errors import S3Error
from ..ids import new_version_id
from ..interfaces import INaturalNames
from ..metadata.adopting import Adopt, Adoption, Adoptions, Known
from ..s3.keys import checked_key
from ..storage.remote.together import together
from ..values import Owner, Shown
from .progress import Progress

_BATCH = 500
_LOOKS_AT_ONCE = 16


@define
class Summary:
    """What became of the objects of a bucket.

    Attributes:
        adopted: had no current version.
        changed: had one of other bytes, which it has replaced.
        known: are what the metadata say already.
        skipped: how many were left out, by the reason.
    """

    adopted: int = 0
    changed: int = 0
    known: int = 0
    skipped: Counter[str] = field(factory=Counter)


@frozen
class Adopter:
    """Walks through a bucket's natural names.

    Args:
        owner: of the objects; None for the bucket's.
    """

    _adoptions: Adoptions
    _natural: INaturalNames
    _clock: Clock
    _bucket: str
    _owner: Owner | None
    _summary: Summary = field(factory=Summary, init=False)

    async def run(self, progress: Progress, *, is_resumed: bool = False) -> Summary:
        """Adopt all there is.

        Args:
            progress: told of each object.
            is_resumed: whether to go on where the last walk was interrupted.

        Raises:
            S3Error: ``NoSuchBucket``.
            UpstreamFailed: everything up to here is adopted; ``is_resumed`` goes on from there.
        """
        after = await self._adoptions.last_key(self._bucket) if is_resumed else ""
        async for batch in self._batches(after):
            await self._take(batch)
            progress.advance(len(batch))
        await self._adoptions.finished(self._bucket)
        return self._summary

    async def _batches(self, after: str) -> AsyncIterator[Sequence[Shown]]:
        batch: list[Shown] = []
        async for shown in self._natural.walk(self._bucket, after):
            batch.append(shown)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _take(self, batch: Sequence[Shown]) -> None:
        possible = [each for each in batch if self._is_possible(each.key)]
        # Before anything is looked at: what changes from here on is not adopted.
        known = await self._adoptions.known(self._bucket, [each.key for each in possible])
        wanted = [each for each in possible if self._is_wanted(each, known[each.key])]
        looks = await self._look_at(wanted)
        adoptions = tuple(
            Adoption(looks[each.key], known[each.key], new_version_id())
            for each in wanted
            if each.key in looks
        )
        command = Adopt(
            self._bucket, adoptions, self._clock.now_ms(), self._owner, last_key=batch[-1].key
        )
        self._count(adoptions, await self._adoptions.adopt(command))

    def _is_possible(self, key: str) -> bool:
        try:
            checked_key(key)
        except S3Error as error:
            self._summary.skipped[f"a key that S3 cannot have ({error.code})"] += 1
            return False
        return True

    def _is_wanted(self, shown: Shown, known: Known) -> bool:
        if known.is_pending:
            self._summary.skipped["being written by a client"] += 1
            return False
        if (
            known.on_show is not None
            and known.shows(known.version)
            and self._natural.is_same(known.on_show.blob.locator, shown)
        ):
            self._summary.known += 1
            return False
        return True

    async def _look_at(self, wanted: Sequence[Shown]) -> Mapping[str, Shown]:
        """What stands there with its headers, by key; a listing does not tell those."""
        found: dict[str, Shown] = {}

        async def look(shown: Shown) -> None:
            now = await self._natural.look(self._bucket, shown.key)
            if now is None:
                self._summary.skipped["deleted upstream, or a name that is not found there"] += 1
            else:
                found[shown.key] = now

        await together(look, wanted, _LOOKS_AT_ONCE)
        return found

    def _count(self, adoptions: Sequence[Adoption], made: Sequence[bool]) -> None:
        for adoption, is_made in zip(adoptions, made, strict=True):
            if not is_made:
                self._summary.skipped["being written by a client"] += 1
            elif adoption.known.version is None:
                self._summary.adopted += 1
            else:
                self._summary.changed += 1
