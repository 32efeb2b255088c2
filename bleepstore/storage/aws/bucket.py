"""Signed requests to one bucket, with credentials that are replaced when they have ended."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from ...clock import Clock
from ...config.gateways import UpstreamSection
from ...errors import UpstreamRefused
from ..extension import Means
from ..remote.client import Answer, Client, Flaw, Outgoing, Stream, flawless
from ..remote.tokens import Tokens
from .answers import failure, is_outdated
from .keys import KeyChain, Keys
from .place import Place

# A block up to this size is hashed on the spot: that takes less time than the way into a thread.
_ON_THE_SPOT_BYTES = 16 * 1024
_MAX_ERROR_BYTES = 64 * 1024


@frozen
class Ask:
    """What is asked of an object, or of the bucket itself where ``name`` is empty.

    Attributes:
        flaw: see :meth:`~bleepstore.storage.remote.client.Client.send`.
        is_slow: whether S3 may take long before it says anything: it may copy 5 GiB, or put
            10,000 parts together.
        is_repeatable: whether it may be sent again where nobody knows if S3 has done it.
    """

    method: str
    name: str
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)
    flaw: Flaw = flawless
    is_slow: bool = False
    is_repeatable: bool = True

    def __str__(self) -> str:
        return f"{self.method} {'/'.join(self.query) or 'object'}"


class Bucket:
    """A bucket upstream."""

    def __init__(
        self, section: UpstreamSection, place: Place, chain: KeyChain, means: Means
    ) -> None:
        self.place = place
        self.threads = means.threads
        self._chain = chain
        self._means = means
        self._clock = Clock()
        self._slow_seconds = section.copy_timeout_seconds
        self._tokens: Tokens[Keys] | None = None
        self._credentials_at = ""
        self._client = Client(means.reactor, section, "aws", self._authorize)

    async def start(self) -> str:
        """Find credentials; answers where they are, for an operator."""
        self._tokens, self._credentials_at = await self._chain.find()
        return self._credentials_at

    async def stop(self) -> None:
        await self._client.stop()
        await self._chain.stop()

    async def send(self, ask: Ask) -> Answer:
        """The answer, whatever it says."""
        outgoing = self._outgoing(ask)
        answer = await self._client.send(outgoing, ask.flaw)
        if is_outdated(answer) and await self._has_newer_keys():
            answer = await self._client.send(outgoing, ask.flaw)
        return answer

    async def open(self, ask: Ask) -> Stream | Answer:
        """The head of a success with its body to come, or any other answer."""
        outgoing = self._outgoing(ask)
        opened = await self._open(outgoing)
        if isinstance(opened, Answer) and is_outdated(opened) and await self._has_newer_keys():
            opened = await self._open(outgoing)
        return opened

    async def _open(self, outgoing: Outgoing) -> Stream | Answer:
        stream = await self._client.open(outgoing)
        if stream.status in (200, 206):
            return stream
        return Answer(stream.status, stream.headers, await stream.read(_MAX_ERROR_BYTES))

    async def required(self, ask: Ask, *statuses: int) -> Answer:
        """The answer, if it has one of these statuses (default: 200).

        Raises:
            UpstreamFailed, StorageFull: it has not.
        """
        answer = await self.send(ask)
        if answer.status not in (statuses or (200,)):
            raise failure(answer, str(ask))
        return answer

    def _outgoing(self, ask: Ask) -> Outgoing:
        return Outgoing(
            ask.method,
            self.place.url(ask.name, ask.query),
            ask.headers,
            ask.body,
            is_idempotent=ask.is_repeatable,
            silence_timeout_seconds=self._slow_seconds if ask.is_slow else None,
        )

    async def _has_newer_keys(self) -> bool:
        """Whether there are others now than those that were not accepted."""
        tokens = self._known()
        refused = tokens.value
        tokens.forget(refused)
        return await tokens.current() != refused

    async def _authorize(self, outgoing: Outgoing) -> Outgoing:
        keys = await self._known().current()
        headers = {"host": self.place.host, **outgoing.headers}
        if keys.session_token:
            headers["x-amz-security-token"] = keys.session_token
        url = urlsplit(outgoing.url)
        target = f"{url.path}?{url.query}" if url.query else url.path
        payload_hash = await self._sha256(outgoing.body)
        signer = self._means.signer(keys.access_key, keys.secret_key, self.place.region)
        now_ms = self._clock.now_ms()
        method = outgoing.method
        signed = signer.sign_headers(method, target.encode("ascii"), headers, payload_hash, now_ms)
        return evolve(outgoing, headers=signed)

    async def _sha256(self, content: bytes) -> str:
        if len(content) <= _ON_THE_SPOT_BYTES:
            return _sha256(content)
        return await self._means.threads.run(_sha256, content)

    def _known(self) -> Tokens[Keys]:
        if self._tokens is None:
            raise UpstreamRefused("the gateway is not started")
        return self._tokens


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
