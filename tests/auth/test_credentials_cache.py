from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bleepstore.auth.credentials import MAX_CACHED, CachedCredentials
from bleepstore.interfaces import ICredentials
from bleepstore.values import Credential, Owner

_ALICE = Credential("alice", "secret", Owner("1"))


@implementer(ICredentials)
@define
class Source:
    """Answers when the test says so."""

    asked: list[str] = field(factory=list)
    pending: list[Deferred[Credential | None]] = field(factory=list)
    cancelled: int = 0

    def find(self, access_key: str) -> Deferred[Credential | None]:
        self.asked.append(access_key)
        answer: Deferred[Credential | None] = Deferred(self._cancel)
        self.pending.append(answer)
        return answer

    def _cancel(self, _answer: Deferred[Credential | None]) -> None:
        self.cancelled += 1


@define
class Cache:
    """A cache, its source and its time."""

    source: Source = field(factory=Source)
    clock: Clock = field(factory=Clock)
    credentials: CachedCredentials = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.credentials = CachedCredentials(self.source, 60.0, self.clock)

    def find(self, access_key: str = "alice") -> Waiter:
        return Waiter(self.credentials.find(access_key))

    def learn(self, access_key: str, credential: Credential | None) -> None:
        waiter = self.find(access_key)
        self.source.pending[-1].callback(credential)
        assert waiter.results == [credential]


class Waiter:
    """Someone who waits for a credential, and what came."""

    def __init__(self, coroutine: Coroutine[Deferred[Any], Any, Credential | None]) -> None:
        self.results: list[object] = []
        self.deferred = Deferred.fromCoroutine(coroutine)
        self.deferred.addBoth(self.results.append)

    def failed_with(self, kind: type[Exception]) -> bool:
        (result,) = self.results
        return isinstance(result, Failure) and result.check(kind) is kind


@pytest.fixture
def cache() -> Cache:
    return Cache()


def test_interface(cache: Cache) -> None:
    verifyObject(ICredentials, cache.credentials)


def test_an_answer_is_remembered(cache: Cache) -> None:
    cache.learn("alice", _ALICE)
    cache.clock.advance(59)
    assert cache.find().results == [_ALICE]
    assert cache.source.asked == ["alice"]


def test_an_answer_is_asked_for_again_in_time(cache: Cache) -> None:
    cache.learn("alice", _ALICE)
    cache.clock.advance(60)
    assert cache.find().results == []
    assert cache.source.asked == ["alice", "alice"]


def test_unknown_keys_are_remembered_for_a_second(cache: Cache) -> None:
    cache.learn("mallory", None)
    cache.clock.advance(0.9)
    assert cache.find("mallory").results == [None]
    assert cache.source.asked == ["mallory"]
    cache.clock.advance(0.1)
    assert cache.find("mallory").results == []


def test_a_flood_of_unknown_keys_pushes_no_known_one_out(cache: Cache) -> None:
    cache.learn("alice", _ALICE)
    for number in range(MAX_CACHED + 1):
        cache.learn(f"key{number}", None)
    assert cache.find().results == [_ALICE]
    assert cache.find("key1").results == [None]
    assert cache.find("key0").results == []


def test_the_memory_of_known_keys_is_bounded(cache: Cache) -> None:
    for number in range(MAX_CACHED):
        cache.learn(f"key{number}", _ALICE)
    assert cache.find("key0").results == [_ALICE]
    cache.learn("one more", _ALICE)
    assert cache.find("key0").results == [_ALICE]
    assert cache.find("key1").results == []


def test_those_who_ask_at_once_share_one_query(cache: Cache) -> None:
    waiters = [cache.find() for _ in range(3)]
    assert cache.source.asked == ["alice"]
    cache.source.pending[0].callback(_ALICE)
    assert [waiter.results for waiter in waiters] == [[_ALICE]] * 3


def test_one_who_leaves_does_not_fail_the_others(cache: Cache) -> None:
    leaving, staying = cache.find(), cache.find()
    leaving.deferred.cancel()
    assert leaving.failed_with(CancelledError)
    assert cache.source.cancelled == 0
    cache.source.pending[0].callback(_ALICE)
    assert staying.results == [_ALICE]


def test_when_all_have_left_the_query_is_cancelled(cache: Cache) -> None:
    waiters = [cache.find(), cache.find()]
    for waiter in waiters:
        waiter.deferred.cancel()
    assert cache.source.cancelled == 1
    late = cache.find()
    assert cache.source.asked == ["alice", "alice"]
    cache.source.pending[1].callback(_ALICE)
    assert late.results == [_ALICE]


def test_a_failure_reaches_all_and_is_not_remembered(cache: Cache) -> None:
    waiters = [cache.find(), cache.find()]
    cache.source.pending[0].errback(OSError("no database"))
    assert all(waiter.failed_with(OSError) for waiter in waiters)
    cache.learn("alice", _ALICE)
    assert cache.source.asked == ["alice", "alice"]
