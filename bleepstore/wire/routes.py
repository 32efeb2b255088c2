# mypy: allow-untyped-calls
"""The door: the pages for operators are routed by Klein, everything else is S3's.

Klein routes decoded paths and means well with them (it merges slashes, redirects, and refuses
bytes that are not UTF-8), while every sequence of bytes may be a key. So it is shown the path of a
page, never a key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import txaio
from attrs import evolve, frozen
from klein import Klein
from klein.resource import KleinResource
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest

from ..errors import BleepStoreError, UpstreamBusy, UpstreamFailed
from ..interfaces import IRequestHandler
from ..values import Exchange, Reply, RequestHead
from .page_request import PageRequest, ours
from .reply import Refusal, refuse, send
from .request import Request

log = txaio.make_logger()

Page = Callable[[RequestHead], Awaitable[Reply]]
"""Answers one path of the daemon's own."""


@frozen
class Front:
    """Who answers which requests.

    Attributes:
        handler: answers everything that no page claims.
        pages: path (such as ``/health``) → page. The path ``/`` is always the handler's.
        claims: whether a request is for the page of its path. Only asked for paths in ``pages``.
        finished: gets each exchange when it is over, exactly once.
    """

    handler: IRequestHandler
    pages: Mapping[str, Page]
    claims: Callable[[RequestHead], bool]
    finished: Callable[[Exchange], None]

    def door(self, refusal: Refusal) -> Door:
        """Where requests go, with the resource tree of the pages behind it."""
        responder = Responder(refusal)
        app = Klein()
        for path, page in self.pages.items():
            # Klein tells routes apart by their endpoint, by default the function's name.
            app.route(path, endpoint=path)(_page_route(path, page, responder))
        app.handle_errors(Exception)(responder.routing_failed)
        return Door(self, app.resource(), responder)


def _page_route(
    path: str, page: Page, responder: Responder
) -> Callable[[IRequest], Awaitable[None]]:
    async def answer(head: RequestHead) -> Reply:
        return evolve(await page(head), facts={"page": path})

    async def show(request: IRequest) -> None:
        asked = ours(request)
        await responder.respond(asked, answer(asked.head))

    return show


class Door:
    """Pages go to Klein, everything else straight to the handler."""

    def __init__(self, front: Front, routes: KleinResource, responder: Responder) -> None:
        self._front = front
        self._routes = routes
        self._responder = responder
        self._paths = frozenset(path.encode() for path in front.pages)

    def serve(self, request: Request) -> None:
        """Have a request answered."""
        head = request.head
        if head.raw_path in self._paths and self._front.claims(head):
            self._routes.render(PageRequest(request))
        else:
            self._responder.serve(request, self._front.handler.handle(head, request.body))


@frozen
class Responder:
    """Turns whatever comes of a handler into an answer."""

    _refusal: Refusal

    def serve(self, request: Request, answering: Awaitable[Reply]) -> None:
        """Answer a request to its end; a client that leaves cancels the work."""
        serving = Deferred.fromCoroutine(self._serve(request, answering))
        request.when_lost = lambda _: serving.cancel()

    async def _serve(self, request: Request, answering: Awaitable[Reply]) -> None:
        try:
            await self.respond(request, answering)
            request.finish()
        except CancelledError:
            pass
        except Exception:
            log.failure("answering failed", failure=Failure())

    async def respond(self, request: Request, answering: Awaitable[Reply]) -> None:
        """Await the reply and send it; the request is not finished yet."""
        try:
            await send(request, await answering)
        except CancelledError:
            raise
        except Exception:
            await self._answer_failure(request, Failure())

    async def routing_failed(self, request: IRequest, failure: Failure) -> None:
        """Klein itself has failed, which no client can bring about."""
        failure.trap(Exception)
        if failure.check(CancelledError):
            failure.raiseException()
        await self._answer_failure(ours(request), failure)

    async def _answer_failure(self, request: Request, failure: Failure) -> None:
        request_id = request.head.request_id
        if failure.check(BleepStoreError):  # an answer that failed before its first byte
            problem = str(failure.value)
            log.error("no answer: {problem}", problem=problem, request_id=request_id)
        else:
            log.failure("request {request_id} failed", failure=failure, request_id=request_id)
        if not (request.has_answered or request.is_gone):
            await send(request, _apology(self._refusal, failure.value, request_id))


def _apology(refusal: Refusal, error: BaseException | None, request_id: str) -> Reply:
    """What a client is told whose answer failed before its first byte.

    A handler that fails is answered by ``protocol/dispatch.py``; this is about bytes that were to
    come from upstream behind a handler's back, and it has to sound the same.
    """
    if isinstance(error, UpstreamBusy):
        reply = refuse(refusal, "SlowDown", request_id)
        retry_after = ("Retry-After", str(error.retry_after_seconds))
        return evolve(reply, headers=(*reply.headers, retry_after))
    is_upstream = isinstance(error, UpstreamFailed)
    return refuse(refusal, "ServiceUnavailable" if is_upstream else "InternalError", request_id)
