# mypy: allow-untyped-calls
"""The Klein application: the pages for operators, and one route for everything that is S3.

Klein routes decoded paths and means well with them (it merges slashes, redirects, and refuses
bytes that are not UTF-8), while every sequence of bytes may be a key. So it is shown the path of a
page or ``/``, never a key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import txaio
from attrs import frozen
from klein import Klein
from klein.resource import KleinResource
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource

from ..interfaces import IRequestHandler
from ..values import Exchange, Reply, RequestHead
from .reply import Refusal, refuse, send
from .request import StreamingRequest, streaming

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

    def resource(self, refusal: Refusal) -> IResource:
        """The root of the resource tree."""
        responder = Responder(refusal)
        app = Klein()
        app.route("/")(self._handler_route(responder))
        for path, page in self.pages.items():
            app.route(path)(_page_route(page, responder))
        app.handle_errors(Exception)(responder.routing_failed)
        return Door(app.resource(), frozenset(path.encode() for path in self.pages), self.claims)

    def _handler_route(self, responder: Responder) -> Callable[[IRequest], Awaitable[None]]:
        async def handle(request: IRequest) -> None:
            ours = streaming(request)
            await responder.respond(ours, self.handler.handle(ours.head, ours.body))

        return handle


def _page_route(page: Page, responder: Responder) -> Callable[[IRequest], Awaitable[None]]:
    async def show(request: IRequest) -> None:
        ours = streaming(request)
        await responder.respond(ours, page(ours.head))

    return show


class Door(Resource):
    """The root resource: shows Klein the path of a page, or ``/``."""

    isLeaf = True

    def __init__(
        self,
        routes: KleinResource,
        paths: frozenset[bytes],
        claims: Callable[[RequestHead], bool],
    ) -> None:
        super().__init__()
        self._routes = routes
        self._paths = paths
        self._claims = claims

    def render(self, request: IRequest) -> Any:
        ours = streaming(request)
        path = ours.head.raw_path
        is_page = path in self._paths and self._claims(ours.head)
        ours.postpath = path[1:].split(b"/") if is_page else [b""]
        return self._routes.render(request)


@frozen
class Responder:
    """Turns whatever comes of a handler into an answer."""

    _refusal: Refusal

    async def respond(self, request: StreamingRequest, answering: Awaitable[Reply]) -> None:
        """Await the reply and send it; Klein finishes the request afterwards."""
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
        await self._answer_failure(streaming(request), failure)

    async def _answer_failure(self, request: StreamingRequest, failure: Failure) -> None:
        request_id = request.head.request_id
        log.failure("request {request_id} failed", failure=failure, request_id=request_id)
        if not (request.startedWriting or request.is_gone):
            await send(request, refuse(self._refusal, "InternalError", request_id))
