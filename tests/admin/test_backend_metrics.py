"""A backend that is measured is the same to its users."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_twisted
from zope.interface import Interface

from bleepstore.admin.metrics import Metrics
from bleepstore.errors import BlobMissing
from bleepstore.ids import new_blob_id
from bleepstore.interfaces import IArrivals, IBlobStore, ISendable
from bleepstore.storage.files import FileStore
from bleepstore.storage.locators import file_locator
from bleepstore.values import BlobName
from tests.streams.pool import new_threads


class IUnknown(Interface):
    """No backend has this."""


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest_twisted.async_yield_fixture
async def blobs(tmp_path: Path, metrics: Metrics) -> AsyncIterator[IBlobStore]:
    threads = new_threads("test", 2)
    threads.start()
    store = metrics.backend.measured(FileStore(tmp_path, threads, is_durable=False))
    await store.start()
    yield store
    await store.stop()
    await threads.stop()


def calls(metrics: Metrics, call: str) -> tuple[float, float]:
    """How many there were, and how many failed."""
    text = metrics.render().decode()
    labels = rf'{{backend="files",call="{call}"}} (\S+)$'
    counted = re.search(rf"^bleepstore_backend_call_seconds_count{labels}", text, re.M)
    failed = re.search(rf"^bleepstore_backend_errors_total{labels}", text, re.M)
    assert counted is not None
    assert failed is not None
    return float(counted[1]), float(failed[1])


@pytest_twisted.ensureDeferred
async def test_calls_are_measured_and_answered(blobs: IBlobStore, metrics: Metrics) -> None:
    sink = await blobs.open_sink(BlobName("bucket", "key", new_blob_id()), 5)
    await sink.write(b"12")
    await sink.write(b"345")
    blob = await sink.commit()
    await sink.settle()
    producer = await blobs.read(blob.locator, 1, 3)
    assert ISendable.providedBy(producer)
    producer.stopProducing()
    await blobs.delete([blob.locator])
    counts = [calls(metrics, call) for call in ("open", "write", "commit", "read", "delete")]
    assert counts == [(1, 0), (2, 0), (1, 0), (1, 0), (1, 0)]


@pytest_twisted.ensureDeferred
async def test_failures_are_counted_and_passed_on(blobs: IBlobStore, metrics: Metrics) -> None:
    with pytest.raises(BlobMissing):
        await blobs.read(file_locator(new_blob_id()), 0, 1)
    assert calls(metrics, "read") == (1, 1)


@pytest_twisted.ensureDeferred
async def test_what_the_backend_can_do_beside_being_one_is_found(blobs: IBlobStore) -> None:
    assert await IArrivals(blobs).list_arrivals() == {}
    assert IBlobStore(blobs) is blobs
    assert IUnknown(blobs, None) is None
