from __future__ import annotations

import json
from collections.abc import Callable

import pytest_twisted
from attrs import define, field
from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import Clock

from bleepstore.admin.health import Health
from bleepstore.values import RequestHead

HEAD = RequestHead("GET", b"/readyz", {}, "127.0.0.1", False, "R", 0)


async def works() -> None:
    return None


async def fails() -> None:
    raise OSError("disk on fire")


@define
class Scripted:
    """A check that does what it is told, and counts."""

    runs: int = 0
    problem: Exception | None = None
    waits_for: Deferred[None] | None = field(default=None)

    async def __call__(self) -> None:
        self.runs += 1
        if self.waits_for is not None:
            await self.waits_for
        if self.problem is not None:
            raise self.problem


async def ready(health: Health) -> int:
    return (await health.pages()["/readyz"](HEAD)).status


@pytest_twisted.ensureDeferred
async def test_a_healthy_store() -> None:
    pages = Health({"metadata": works, "storage": works}, Clock()).pages()
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
    pages = Health({"metadata": works, "storage": fails}, Clock()).pages()
    assert (await pages["/healthz"](HEAD)).status == 200
    ready = await pages["/readyz"](HEAD)
    assert (ready.status, ready.body) == (503, b"not ready: storage\n")
    report = await pages["/health"](HEAD)
    assert isinstance(report.body, bytes)
    assert report.status == 503
    assert json.loads(report.body)["checks"]["storage"]["ok"] is False
    assert len(flush_logged_errors(OSError)) == 1


@pytest_twisted.ensureDeferred
async def test_an_outcome_holds_for_a_few_seconds_and_then_follows_the_truth(
    flush_logged_errors: Callable[..., list[object]],
) -> None:
    clock, check = Clock(), Scripted()
    health = Health({"storage": check}, clock)
    assert [await ready(health) for _ in range(100)] == [200] * 100
    assert check.runs == 1
    check.problem = OSError("disk full")
    for _ in range(3):
        clock.advance(3)
        assert await ready(health) == 503
    assert len(flush_logged_errors(OSError)) == 1  # said once
    check.problem = None
    clock.advance(3)
    assert await ready(health) == 200


@pytest_twisted.ensureDeferred
async def test_all_who_ask_at_once_share_a_check_and_none_ends_it_for_the_others() -> None:
    check = Scripted(waits_for=Deferred())
    health = Health({"storage": check}, Clock())
    first, second = (ensureDeferred(ready(health)) for _ in range(2))
    first.addErrback(lambda failure: failure.trap(CancelledError))
    first.cancel()
    assert check.waits_for is not None
    check.waits_for.callback(None)
    assert await second == 200
    assert check.runs == 1


@pytest_twisted.ensureDeferred
async def test_a_check_that_hangs_has_failed(
    flush_logged_errors: Callable[..., list[object]],
) -> None:
    clock = Clock()
    asked = ensureDeferred(ready(Health({"storage": Scripted(waits_for=Deferred())}, clock)))
    clock.advance(10)
    assert await asked == 503
    assert flush_logged_errors(defer.TimeoutError)
