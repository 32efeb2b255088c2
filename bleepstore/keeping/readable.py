"""What holds bytes, as far as a damaged database can still tell: for those who go through it all."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..errors import StorageBroken
from ..metadata.survey import START, Holding, Position, Survey
from ..values import Bucket
from .scrub_state import Gap


async def readable_holdings(
    survey: Survey, gaps: list[Gap], bucket: Bucket, kind: str, begin: Position = START
) -> AsyncIterator[Holding]:
    """What holds bytes of one kind, behind a position.

    Args:
        gaps: where it is noted what could not be read.
    """
    after: Position | None = begin
    while after is not None:
        try:
            async for holding in survey.holdings(bucket, kind, after):
                after = holding.position
                yield holding
            return
        except StorageBroken:
            behind = await survey.behind_damage(bucket, kind, after)
            before = "" if behind is None else behind[0]
            gaps.append(Gap(bucket.name, kind, after[0], before))
            after = behind
