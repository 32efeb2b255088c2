"""Fixtures for the tests of the metadata."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_twisted
from twisted.internet import reactor

from bleepstore.metadata.buckets import CreateBucket
from bleepstore.metadata.store import Store, open_store
from bleepstore.values import Credential
from tests.metadata.samples import ANN, bucket


@pytest_twisted.async_yield_fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A started store with one account and one bucket, ``photos``."""
    opened = open_store(tmp_path / "metadata.db", reactor, "relaxed")
    await opened.database.start()
    await opened.accounts.seed([Credential("AKANN", "secret", ANN)], 1)
    await opened.buckets.create(CreateBucket(bucket()))
    yield opened
    await opened.database.stop()
