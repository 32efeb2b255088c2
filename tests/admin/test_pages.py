from __future__ import annotations

import json
from collections.abc import Callable

import pytest_twisted

from bleepstore.admin.health import Health
from bleepstore.admin.metrics import Metrics
from bleepstore.values import Exchange, RequestHead

HEAD = RequestHead("GET", b"/bucket/secret-key", {}, "127.0.0.1", False, "R", 0)


async def works() -> None:
    return None


async def fails() -> None:
    raise OSError("disk on fire")


@pytest_twisted.ensureDeferred
async def test_a_healthy_store() -> None:
    pages = Health({"metadata": works, "storage": works}).pages()
    assert (await pages["/healthz"](HEAD)).status == 200
    assert (await pages["/readyz"](HEAD)).status == 200
    report = await pages["/health"](HEAD)
    assert isinstance(report.body, bytes)
    document = json.loads(report.body)
    assert document["status"] == "ok"
    assert set(document["checks"]) == {"metadata", "storage"}


@pytest_twisted.ensureDeferred
async def test_a_store_whose_disk_is_gone_is_alive_but_not_ready(
    flush_logged_errors: Callable[..., list[object]],
) -> None:
    pages = Health({"metadata": works, "storage": fails}).pages()
    assert (await pages["/healthz"](HEAD)).status == 200
    ready = await pages["/readyz"](HEAD)
    assert (ready.status, ready.body) == (503, b"not ready: storage\n")
    report = await pages["/health"](HEAD)
    assert isinstance(report.body, bytes)
    assert report.status == 503
    assert json.loads(report.body)["checks"]["storage"]["ok"] is False
    assert len(flush_logged_errors(OSError)) == 2


@pytest_twisted.ensureDeferred
async def test_metrics_count_operations_and_name_no_keys() -> None:
    metrics = Metrics()
    facts = {"operation": "GetObject", "bucket": "bucket", "key": "secret-key"}
    metrics.count(Exchange(HEAD, 200, facts, 0, 1024, 1.5, 1.0, True))
    page = await metrics.page(HEAD)
    assert isinstance(page.body, bytes)
    text = page.body.decode()
    assert 'bleepstore_s3_operations_total{operation="GetObject",status="200"} 1.0' in text
    assert (
        'bleepstore_http_requests_total{method="GET",path="/{bucket}/{key}",status="200"} 1.0'
        in text
    )
    assert "bleepstore_bytes_sent_total 1024.0" in text
    assert "secret-key" not in text
