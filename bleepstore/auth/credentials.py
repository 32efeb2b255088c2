"""A cache in front of the credentials in metadata, so that a request is not a query.

A change to a credential (a disabled key, a new secret) takes effect within the time to live.
Unknown keys are remembered for a second at most and in a place of their own: a stranger who makes
up keys can neither flood the database nor push real keys out.
"""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from ..interfaces import ICredentials
from ..values import Credential

MAX_CACHED = 4096
_MAX_MISS_TTL_SECONDS = 1.0


@frozen
class _Entry:
    credential: Credential | None
    expires: float


@define
class _Answers:
    """A bounded memory of answers; the one that was used longest ago goes first."""

    ttl_seconds: float
    _entries: OrderedDict[str, _Entry] = field(factory=OrderedDict)

    def get(self, access_key: str, now: float) -> _Entry | None:
        entry = self._entries.get(access_key)
        if entry is None:
            return None
        if entry.expires <= now:
            del self._entries[access_key]
            return None
        self._entries.move_to_end(access_key)
        return entry

    def put(self, access_key: str, credential: Credential | None, now: float) -> None:
        self._entries[access_key] = _Entry(credential, now + self.ttl_seconds)
        self._entries.move_to_end(access_key)
        if len(self._entries) > MAX_CACHED:
            self._entries.popitem(last=False)


@define(eq=False)
class _Query:
    """One look-up under way and those who wait for it."""

    waiters: set[Deferred[Credential | None]] = field(factory=set)
    running: Deferred[None] | None = None


@implementer(ICredentials)
class CachedCredentials:
    """Remembers what another source of credentials has answered.

    Args:
        source: asked once for each key that is not remembered, however many wait for it.
        ttl_seconds: how long an answer is good for.
        reactor: tells the time.
    """

    def __init__(self, source: ICredentials, ttl_seconds: float, reactor: IReactorTime) -> None:
        self._source = source
        self._reactor = reactor
        self._hits = _Answers(ttl_seconds)
        self._misses = _Answers(min(ttl_seconds, _MAX_MISS_TTL_SECONDS))
        self._queries: dict[str, _Query] = {}

    async def find(self, access_key: str) -> Credential | None:
        now = self._reactor.seconds()
        entry = self._hits.get(access_key, now) or self._misses.get(access_key, now)
        if entry is not None:
            return entry.credential
        return await self._wait(access_key)

    def _wait(self, access_key: str) -> Deferred[Credential | None]:
        """Wait for the query of a key, starting it if there is none.

        Cancelling leaves the others waiting; when the last one leaves, the query is cancelled.
        """
        query = self._queries.get(access_key)
        if query is None:
            query = self._queries[access_key] = _Query()
        joined = query

        def leave(waiter: Deferred[Credential | None]) -> None:
            joined.waiters.discard(waiter)
            if not joined.waiters and joined.running is not None:
                self._forget(access_key, joined)
                joined.running.cancel()

        waiter: Deferred[Credential | None] = Deferred(leave)
        query.waiters.add(waiter)
        if query.running is None:
            query.running = Deferred.fromCoroutine(self._run(access_key, query))
        return waiter

    async def _run(self, access_key: str, query: _Query) -> None:
        """Ask the source and tell the waiters; never fails itself."""
        try:
            credential = await self._source.find(access_key)
        except Exception as error:
            self._forget(access_key, query)
            for waiter in self._take_waiters(query):
                waiter.errback(error)
            return
        self._forget(access_key, query)
        answers = self._misses if credential is None else self._hits
        answers.put(access_key, credential, self._reactor.seconds())
        for waiter in self._take_waiters(query):
            waiter.callback(credential)

    def _forget(self, access_key: str, query: _Query) -> None:
        """A later look-up of the key starts a query of its own."""
        if self._queries.get(access_key) is query:
            del self._queries[access_key]

    @staticmethod
    def _take_waiters(query: _Query) -> list[Deferred[Credential | None]]:
        waiters = list(query.waiters)
        query.waiters.clear()
        return waiters
