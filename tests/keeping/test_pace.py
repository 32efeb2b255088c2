"""Bytes pass no faster than was asked for, and all of them are counted."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as FakeReactor

from bleepstore.keeping.pace import Pace

_BLOCK = b"x" * 100


class Counter:
    """Counts what is done."""

    done = 0

    def expect(self, total: int) -> None:
        """Nobody looks at that."""

    def advance(self, amount: int) -> None:
        self.done += amount


def test_whoever_brings_blocks_has_to_wait() -> None:
    reactor, counter = FakeReactor(), Counter()
    reactor.advance(1_000)
    pace = Pace(reactor, 100, counter)
    first = Deferred.fromCoroutine(pace.write(_BLOCK))
    reactor.advance(0.5)
    assert not first.called
    reactor.advance(0.5)
    assert first.called
    second = Deferred.fromCoroutine(pace.write(_BLOCK))
    reactor.advance(0.8)
    assert not second.called
    reactor.advance(0.2)
    assert second.called
    assert counter.done == 200


def test_without_a_rate_nobody_waits() -> None:
    counter = Counter()
    pace = Pace(FakeReactor(), 0, counter)
    assert all(Deferred.fromCoroutine(pace.write(_BLOCK)).called for _ in range(10))
    assert counter.done == 1_000
