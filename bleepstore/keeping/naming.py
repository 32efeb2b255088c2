"""Finds out which objects need certain bytes: a locator tells nobody what to upload again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from ..metadata.survey import KINDS, Survey
from .scrub_state import Damage


async def damaged_without(survey: Survey, locators: Collection[str]) -> AsyncIterator[Damage]:
    """All versions and parts that refer to one of the blobs, which are missing.

    Looks at everything that holds bytes, unless there are none to look for.
    """
    if not locators:
        return
    async for bucket in survey.buckets():
        for kind in KINDS:
            async for holding in survey.holdings(bucket, kind):
                lost = sorted({each.locator for each in holding.segments}.intersection(locators))
                if lost:
                    problem = f"bytes are missing: {', '.join(lost)}"
                    yield Damage(bucket.name, holding.key, holding.id, holding.number, problem)
