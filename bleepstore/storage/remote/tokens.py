"""Access tokens and other credentials that end, fetched before they do, by one request at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import txaio
from attrs import field, frozen
from twisted.internet.defer import Deferred, DeferredLock

from ...clock import Clock
from ...errors import UpstreamFailed

log = txaio.make_logger()

V = TypeVar("V")

# Google's own libraries renew this long before the end; the metadata server has a new token by
# then. https://cloud.google.com/compute/docs/access/authenticate-workloads
EARLY_MS = 225_000
_PAUSE_MS = 30_000


@frozen
class Token(Generic[V]):
    """What a request carries to say who we are, or what it is signed with."""

    value: V = field(repr=False)
    expires_ms: int


class Tokens(Generic[V]):
    """The token of one account.

    Args:
        fetch: answers a new one.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token[V]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: Token[V] | None = None
        self._next_ms = 0  # when to fetch the next one
        self._lock = DeferredLock()

    @property
    def value(self) -> V | None:
        """The token at hand, whether it is still good or not."""
        return self._token.value if self._token else None

    async def current(self) -> V:
        """A token that is good for a while.

        Raises:
            UpstreamRefused: the account is not accepted.
            UpstreamFailed: none can be fetched, and there is none that is still good.
        """
        token = self._good()
        if token is None:
            token = await self._lock.run(lambda: Deferred.fromCoroutine(self._renewed()))
        return token.value

    def forget(self, value: V | None) -> None:
        """This token is not accepted; no effect if it was replaced already."""
        if self._token is not None and self._token.value == value:
            self._token = None

    def _good(self) -> Token[V] | None:
        """The token at hand, if it is not time to fetch the next one."""
        return self._token if self._clock.now_ms() < self._next_ms else None

    async def _renewed(self) -> Token[V]:
        if (good := self._good()) is not None:  # somebody else has waited for it first
            return good
        try:
            token = await self._fetch()
        except UpstreamFailed as error:
            return self._for_the_last_time(error)
        self._token = token
        self._next_ms = max(token.expires_ms - EARLY_MS, self._clock.now_ms() + 1)
        return token

    def _for_the_last_time(self, error: UpstreamFailed) -> Token[V]:
        """The token at hand while it is accepted, though there should be a new one by now."""
        now_ms = self._clock.now_ms()
        if self._token is None or self._token.expires_ms <= now_ms:
            raise error
        self._next_ms = min(now_ms + _PAUSE_MS, self._token.expires_ms)
        log.warn("renewing the token failed: {problem}", problem=error.problem)
        return self._token
