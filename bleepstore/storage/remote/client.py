"""HTTP to a provider: a bounded number of connections, deadlines, and another try where it is safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

import txaio
from treq.client import HTTPClient
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.task import deferLater
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from ...config.gateways import UpstreamSection
from ...errors import UpstreamBusy, UpstreamFailed
from .line import Broken, Line, OutgoingBody
from .messages import Answer, Authorize, Outgoing
from .retries import asked_seconds, complaint, is_passing, pause_seconds
from .stream import Stream
from .verbatim import VerbatimAgent

__all__ = ["Answer", "Authorize", "Client", "Flaw", "Outgoing", "Stream", "flawless"]

log = txaio.make_logger()

T = TypeVar("T")
Flaw = Callable[[Answer], str]

# Providers close idle connections after some 20 s (S3) and more; one that they close just when we
# use it costs another try.
_IDLE_SECONDS = 15
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_WITH_BODY = frozenset(["PUT", "POST", "PATCH"])


def flawless(_: Answer) -> str:
    """Nothing is wrong with what looks right."""
    return ""


class Client:
    """Talks to one provider.

    Args:
        section: limits and deadlines.
        provider: its name, for the log and in errors.
        authorize: called before each attempt.
    """

    def __init__(
        self, reactor: Any, section: UpstreamSection, provider: str, authorize: Authorize
    ) -> None:
        self._reactor = reactor
        self._section = section
        self._provider = provider
        self._authorize = authorize
        self._slots = defer.DeferredSemaphore(section.connections)
        self._policy = _Policy()
        self._pool = HTTPConnectionPool(reactor)
        self._pool.maxPersistentPerHost = section.connections
        self._pool.cachedConnectionTimeout = _IDLE_SECONDS
        self._pool.retryAutomatically = False

    async def stop(self) -> None:
        """Close the connections that nobody uses; the others close when they are done with."""
        self._pool.cachedConnectionTimeout = 0
        await self._pool.closeCachedConnections()

    async def send(self, outgoing: Outgoing, flaw: Flaw = flawless) -> Answer:
        """The whole answer to a request, tried again where that is safe.

        An answer with a status that does not ask for another try is an answer, whatever it says.

        Args:
            flaw: says what is wrong with an answer that does ask for one although its status does
                not; empty for nothing.

        Raises:
            UpstreamBusy: throttled to the end.
            UpstreamFailed: no answer, or none but failures; or a longer one than 16 MiB.
        """

        async def whole(stream: Stream) -> Answer:
            body = await stream.read(_MAX_ANSWER_BYTES)
            answer = Answer(stream.status, stream.headers, body)
            if problem := flaw(answer):
                raise Broken(problem, was_connected=True)
            return answer

        return await self._try(outgoing, whole)

    async def open(self, outgoing: Outgoing) -> Stream:
        """The head of an answer, tried again like :meth:`send`; its body is still to come."""

        async def as_it_is(stream: Stream) -> Stream:
            return stream

        return await self._try(outgoing, as_it_is)

    async def _try(self, outgoing: Outgoing, use: Callable[[Stream], Awaitable[T]]) -> T:
        for attempt in count(1):
            asked = 0
            try:
                stream = await self._exchange(outgoing)
                if not is_passing(stream.status, is_idempotent=outgoing.is_idempotent):
                    return await use(stream)
                asked = asked_seconds(stream.headers)
                with suppress(Broken):  # read to its end, the connection can be used again
                    await stream.read(_MAX_ERROR_BYTES)
                problem = self._problem(outgoing, f"answered {stream.status}")
                error = complaint(stream.status, stream.headers, problem)
            except Broken as broken:
                error = UpstreamFailed(self._problem(outgoing, broken.problem))
                if broken.was_connected and not outgoing.is_idempotent:
                    raise error from broken
            pause = pause_seconds(attempt, self._section.max_backoff_seconds, asked)
            if attempt >= self._section.attempts or pause is None:
                raise error
            log.info("trying again: {problem}", problem=error.problem, attempt=attempt)
            await deferLater(self._reactor, pause)
        raise AssertionError("unreachable")

    def _problem(self, outgoing: Outgoing, words: str) -> str:
        return f"{outgoing.method} to {self._provider}: {words}"

    async def _exchange(self, outgoing: Outgoing) -> Stream:
        authorized = await self._authorize(outgoing)
        line = await self._line(outgoing.silence_timeout_seconds)
        try:
            agent = Agent(
                self._reactor, self._policy, self._section.connect_timeout_seconds, pool=line
            )
            content = authorized.body
            has_body = bool(content) or authorized.method in _WITH_BODY
            verbatim = VerbatimAgent(agent, _headers(authorized))
            asking: Deferred[Any] = HTTPClient(verbatim).request(
                authorized.method,
                authorized.url,
                data=OutgoingBody(content, line) if has_body else None,
                allow_redirects=False,
                unbuffered=True,
                reactor=self._reactor,
            )
            return Stream(verbatim.restored(await line.ask(asking)), line)
        except BaseException:
            line.cut()
            raise

    async def _line(self, silence_seconds: float | None) -> Line:
        section = self._section
        waiting = self._slots.acquire()
        waiting.addTimeout(section.silence_timeout_seconds, self._reactor)
        try:
            await waiting
        except defer.TimeoutError:
            problem = f"all {section.connections} connections to {self._provider} are in use"
            raise UpstreamBusy(problem, 1) from None
        seconds = silence_seconds or section.silence_timeout_seconds
        return Line(self._reactor, self._pool, seconds, self._slots.release)


class _Headers(Headers):
    """Headers whose names go out in lower case: names of metadata are shown as they were sent."""

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        return ((name.lower(), values) for name, values in super().getAllRawHeaders())


def _headers(outgoing: Outgoing) -> Headers:
    headers = _Headers()
    for name, value in outgoing.headers.items():
        if name != "content-length":
            headers.addRawHeader(name, value.encode("utf-8", "surrogateescape"))
    return headers


@implementer(IPolicyForHTTPS)
class _Policy:
    """Twisted's policy, that of browsers, with the trusted certificates read once per host."""

    def __init__(self) -> None:
        self._policy = BrowserLikePolicyForHTTPS()
        self._creators: dict[bytes, IOpenSSLClientConnectionCreator] = {}

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        if hostname not in self._creators:
            self._creators[hostname] = self._policy.creatorForNetloc(hostname, port)
        return self._creators[hostname]
