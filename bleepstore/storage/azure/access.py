"""Ways to say who we are: an account's key, a shared access signature, or a token.

https://learn.microsoft.com/rest/api/storageservices/authorize-requests-to-azure-storage
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from attrs import evolve, field, frozen

from ...clock import Clock, http_date
from ..remote.client import Outgoing
from ..remote.tokens import Tokens
from .names import escaped
from .signing import VERSION, read_token, shared_key

# How long a signature that lets the service read the source of a copy is good for. The service
# looks at it when the copying of a block begins.
_SOURCE_MS = 15 * 60 * 1000


class Access(ABC):
    """Who we are to the service."""

    @abstractmethod
    async def authorize(self, outgoing: Outgoing) -> Outgoing:
        """A request with a date and what proves who sends it."""

    @abstractmethod
    async def source(self, endpoint: str, container: str, name: str) -> Mapping[str, str]:
        """The headers that name a blob as the source of a copy and let the service read it."""

    def renew(self) -> bool:
        """Forget what was refused; whether there can be something newer."""
        return False


@frozen
class KeyAccess(Access):
    """The key of the account, which may do everything."""

    account: str
    key: bytes = field(repr=False)
    clock: Clock = field(factory=Clock)

    async def authorize(self, outgoing: Outgoing) -> Outgoing:
        dated = _dated(outgoing, self.clock)
        signature = shared_key(
            self.account, self.key, dated.method, dated.url, dated.headers, len(dated.body)
        )
        return evolve(dated, headers={**dated.headers, "authorization": signature})

    async def source(self, endpoint: str, container: str, name: str) -> Mapping[str, str]:
        expires_ms = self.clock.now_ms() + _SOURCE_MS
        token = read_token(self.account, self.key, container, name, expires_ms)
        return {"x-ms-copy-source": f"{blob_url(endpoint, container, name)}?{token}"}


@frozen
class SasAccess(Access):
    """A shared access signature that somebody gave us; it goes with every URL."""

    token: str = field(repr=False)
    clock: Clock = field(factory=Clock)

    async def authorize(self, outgoing: Outgoing) -> Outgoing:
        joint = "&" if "?" in outgoing.url else "?"
        return evolve(_dated(outgoing, self.clock), url=f"{outgoing.url}{joint}{self.token}")

    async def source(self, endpoint: str, container: str, name: str) -> Mapping[str, str]:
        return {"x-ms-copy-source": f"{blob_url(endpoint, container, name)}?{self.token}"}


@frozen
class TokenAccess(Access):
    """The identity that Azure gives to the machine."""

    tokens: Tokens[str]
    clock: Clock = field(factory=Clock)

    async def authorize(self, outgoing: Outgoing) -> Outgoing:
        dated = _dated(outgoing, self.clock)
        return evolve(dated, headers={**dated.headers, "authorization": await self._bearer()})

    async def source(self, endpoint: str, container: str, name: str) -> Mapping[str, str]:
        return {
            "x-ms-copy-source": blob_url(endpoint, container, name),
            "x-ms-copy-source-authorization": await self._bearer(),
        }

    def renew(self) -> bool:
        self.tokens.forget(self.tokens.value)
        return True

    async def _bearer(self) -> str:
        return f"Bearer {await self.tokens.current()}"


def blob_url(endpoint: str, container: str, name: str) -> str:
    """Where a blob is, or the container itself for an empty name."""
    return f"{endpoint}/{container}/{escaped(name)}" if name else f"{endpoint}/{container}"


def _dated(outgoing: Outgoing, clock: Clock) -> Outgoing:
    now = http_date(clock.now_ms())
    return evolve(outgoing, headers={**outgoing.headers, "x-ms-date": now, "x-ms-version": VERSION})
