"""How a worker that is replaced treats those who are still connected."""

from __future__ import annotations

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from bleepstore.config.server import TlsSection
from bleepstore.service.reception import Reception
from bleepstore.service.tls import Tls
from tests.service.fake_house import FakeHouse


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse(gone=Deferred(), drained=Deferred())


@pytest_twisted.ensureDeferred
async def test_clients_that_leave_by_themselves_are_not_cut(house: FakeHouse) -> None:
    clock = Clock()
    retired = ensureDeferred(Reception(clock, house, Tls(TlsSection())).retire())
    assert house.steps == ["wind down"]
    house.gone.callback(None)
    await retired
    assert house.steps == ["wind down"]
    assert clock.getDelayedCalls() == []


@pytest_twisted.ensureDeferred
async def test_idle_clients_are_closed_in_the_end_and_busy_ones_never(house: FakeHouse) -> None:
    clock = Clock()
    retired = ensureDeferred(Reception(clock, house, Tls(TlsSection())).retire())
    clock.advance(4.9)
    assert house.steps == ["wind down"]
    clock.advance(0.2)
    assert house.steps == ["wind down", "drain"]
    clock.advance(100_000)
    assert not retired.called
    house.drained.callback(None)
    await retired
    assert "abort" not in house.steps


@pytest_twisted.ensureDeferred
async def test_a_stop_bounds_the_patience_of_one_that_retires(house: FakeHouse) -> None:
    clock = Clock()
    reception = Reception(clock, house, Tls(TlsSection()))
    retired = ensureDeferred(reception.retire())
    closed = ensureDeferred(reception.close(30))
    clock.advance(30)
    await closed
    assert house.steps[-2:] == ["abort", "stop"]
    house.drained.callback(None)
    await retired
