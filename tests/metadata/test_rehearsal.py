"""Whether changes can be made is found out without making one."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.errors import StorageBroken
from bleepstore.metadata.store import Store, open_store
from tests.metadata.damage import damage_page_with
from tests.metadata.samples import put, stored_blob


@pytest_twisted.ensureDeferred
async def test_a_rehearsal_leaves_nothing_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    await store.objects.put(put("a", stored_blob(100)))
    log = tmp_path / "metadata.db-wal"
    before = await store.checks.totals(), log.stat().st_size
    await store.database.rehearse()
    assert (await store.checks.totals(), log.stat().st_size) == before
    assert await store.inventory.wrong() == ()
    await store.objects.put(put("b", stored_blob(100)))


@pytest_twisted.ensureDeferred
async def test_a_page_that_only_changes_need_makes_it_fail(store: Store, tmp_path: Path) -> None:
    await store.database.stop()
    damage_page_with(tmp_path / "metadata.db", b"garbage", table="total")
    again = open_store(tmp_path / "metadata.db", reactor, "relaxed")
    await again.database.start()
    try:
        assert await again.blobs.referenced(()) == set()
        with pytest.raises(StorageBroken, match="damaged"):
            await again.database.rehearse()
    finally:
        await again.database.stop()
