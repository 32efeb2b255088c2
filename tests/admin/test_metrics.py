"""What is counted, and how it is shown, by one process and by several together."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted
from prometheus_client import values
from twisted.internet.task import Clock

from bleepstore.admin.metrics import Metrics
from bleepstore.admin.metrics_page import MetricsPage
from bleepstore.admin.shared_metrics import SharedMetrics
from bleepstore.metadata.store import Store
from bleepstore.values import Exchange, RequestHead
from tests.metadata.conftest import store
from tests.metadata.samples import put, stored_blob

__all__ = ["store"]  # a fixture

HEAD = RequestHead("GET", b"/bucket/secret-key", {}, "127.0.0.1", False, "R", 0)
FACTS = {"operation": "GetObject", "bucket": "bucket", "key": "secret-key"}
EXCHANGE = Exchange(HEAD, 200, FACTS, 0, 1024, 1.5, 1.0, True)


@pytest.fixture(autouse=True)
def _unchanged_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting together changes what kind of numbers prometheus_client makes."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)


def test_operations_are_counted_and_no_keys_are_named() -> None:
    metrics = Metrics()
    metrics.requests.count(EXCHANGE)
    text = metrics.render().decode()
    assert 'bleepstore_s3_operations_total{operation="GetObject",status="200"} 1.0' in text
    assert (
        'bleepstore_http_requests_total{method="GET",path="/{bucket}/{key}",status="200"} 1.0'
        in text
    )
    assert "bleepstore_bytes_sent_total 1024.0" in text
    assert "secret-key" not in text


def test_processes_count_together(tmp_path: Path) -> None:
    for name in "12":
        metrics = Metrics(SharedMetrics(tmp_path, name))
        metrics.requests.count(EXCHANGE)
        metrics.watch("visitors", "Somebody.", lambda: 2)
        text = metrics.render().decode()
    assert "bleepstore_bytes_sent_total 2048.0" in text
    assert "bleepstore_visitors 4.0" in text


def test_others_see_what_was_counted_within_a_second(tmp_path: Path) -> None:
    clock, place = Clock(), SharedMetrics(tmp_path, "1")
    metrics = Metrics(place)
    metrics.start(clock)
    metrics.requests.count(EXCHANGE)
    assert "bleepstore_bytes_sent_total 0.0" in place.render().decode()
    clock.advance(1)
    assert "bleepstore_bytes_sent_total 1024.0" in place.render().decode()
    metrics.requests.count(EXCHANGE)
    metrics.stop()
    assert "bleepstore_bytes_sent_total 2048.0" in place.render().decode()
    assert clock.getDelayedCalls() == []


def test_who_follows_goes_on_counting_where_another_one_ended(tmp_path: Path) -> None:
    place = SharedMetrics(tmp_path, "1")
    former = Metrics(place)
    former.watch("visitors", "Somebody.", lambda: 2)
    former.requests.count(EXCHANGE)
    former.render()
    place.leave()
    successor = Metrics(place)
    successor.requests.count(EXCHANGE)
    text = successor.render().decode()
    assert "bleepstore_bytes_sent_total 2048.0" in text
    assert "bleepstore_http_response_size_bytes_count" in text
    assert "bleepstore_visitors" not in text


@pytest_twisted.ensureDeferred
async def test_the_page_tells_how_much_there_is(store: Store) -> None:
    await store.objects.put(put("a", stored_blob(100)))
    text = await show(MetricsPage(Metrics(), store.inventory))
    assert "bleepstore_objects_total 1.0" in text
    assert "bleepstore_buckets_total 1.0" in text
    assert "bleepstore_stored_bytes 100.0" in text
    assert "bleepstore_garbage_blobs 0.0" in text


@pytest_twisted.ensureDeferred
async def test_the_page_is_there_when_the_metadata_is_not(store: Store) -> None:
    await store.database.stop()
    text = await show(MetricsPage(Metrics(), store.inventory))
    assert "bleepstore_workers_restarted_total 0.0" in text
    assert "bleepstore_objects_total" not in text


async def show(page: MetricsPage) -> str:
    reply = await page(HEAD)
    assert isinstance(reply.body, bytes)
    return reply.body.decode()
