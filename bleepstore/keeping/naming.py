"""Finds out which objects need certain bytes: a locator tells nobody what to upload again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from ..metadata.survey import KINDS, Survey
from .readable import readable_holdings
from .scrub_state import Damage, Gap


async def damaged_without(
    survey: Survey, locators: Collection[str], gaps: list[Gap]
) -> AsyncIterator[Damage]:
    """All versions and parts that refer to one of the blobs, which are missing.

    Looks at everything that holds bytes.

    Args:
        gaps: where it is noted what could not be read.
    """
    async for bucket in survey.buckets():
        for kind in KINDS:
            async for holding in readable_holdings(survey, gaps, bucket, kind):
                lost = sorted({each.locator for each in holding.segments}.intersection(locators))
                if lost:
                    problem = f"bytes are missing: {', '.join(lost)}"
                    yield Damage(bucket.name, holding.key, holding.id, holding.number, problem)
