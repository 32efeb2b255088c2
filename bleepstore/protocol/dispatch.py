"""One request's straight walk, and the only place where exceptions become S3's errors."""

from __future__ import annotations

from collections.abc import Awaitable

import txaio
from attrs import evolve, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from ..auth.authenticate import Authenticator
from ..auth.authorize import Authorizer
from ..documents.error import error_document
from ..documents.xml import CONTENT_TYPE
from ..errors import (
    BlobMissing,
    ClientGone,
    S3Error,
    StorageBroken,
    StorageFull,
    UpstreamBusy,
    UpstreamFailed,
)
from ..interfaces import IRequestBody, IRequestHandler
from ..s3.context import Context, Services
from ..s3.later import Later
from ..values import Address, Reply, RequestHead
from .address import Addressing
from .incoming import Incoming, read_posted, read_signed
from .operation import Body, Operation
from .patience import soon_or_begin
from .query import Query, parse_query
from .table import match

log = txaio.make_logger()

_RETRY_AFTER = (("retry-after", "1"),)


@implementer(IRequestHandler)
@frozen
class Dispatcher:
    """Takes a request from its head to its Reply: address, operation, caller, right, handler."""

    _addressing: Addressing
    _authenticator: Authenticator
    _authorizer: Authorizer
    _services: Services
    _reactor: IReactorTime

    async def handle(self, head: RequestHead, body: IRequestBody) -> Reply:
        facts: dict[str, str] = {}
        return await self._replied(self._answer(head, body, facts), head, facts)

    async def _replied(
        self, answering: Awaitable[Reply], head: RequestHead, facts: dict[str, str]
    ) -> Reply:
        """What comes of a request, errors included; fails only by being cancelled."""
        try:
            reply = await answering
        except CancelledError:
            raise
        except Exception as error:
            known = _as_s3_error(error, head.request_id)
            _note(facts, error_code=known.code, access_key=known.access_key)
            reply = _error_reply(known, head, self._services.region)
        return evolve(reply, facts=facts)

    async def _answer(self, head: RequestHead, body: IRequestBody, facts: dict[str, str]) -> Reply:
        address = self._addressing.parse(head)
        _note(facts, bucket=address.bucket, key=address.key)
        query = parse_query(head.raw_query)
        operation = match(head.method, address, query, head.headers)
        _note(facts, operation=operation.name)
        incoming = await self._identify(head, body, address, operation)
        _note(facts, access_key=incoming.principal.access_key, key=incoming.address.key)
        if operation.handler is None:
            raise S3Error("NotImplemented", f"{operation.name} is not implemented")
        action = operation.action_on(query)
        answer = await operation.handler(await self._authorized(incoming, query, action))
        if isinstance(answer, Later):
            coming = Deferred.fromCoroutine(self._replied(answer.reply, head, facts))
            return await soon_or_begin(coming, self._reactor)
        return answer

    async def _identify(
        self, head: RequestHead, body: IRequestBody, address: Address, operation: Operation
    ) -> Incoming:
        if operation.body is Body.FORM:
            return await read_posted(head, body, address, self._authenticator)
        return await read_signed(head, body, address, self._authenticator, self._addressing)

    async def _authorized(self, incoming: Incoming, query: Query, action: str) -> Context:
        bucket = await self._authorizer.authorize(
            incoming.head, incoming.principal, action, incoming.address
        )
        return Context(
            head=incoming.head,
            address=incoming.address,
            query=query,
            principal=incoming.principal,
            action=action,
            framing=incoming.framing,
            body=incoming.body,
            services=self._services,
            bucket=bucket,
            form=incoming.form,
        )


def _note(facts: dict[str, str], **known: str | None) -> None:
    facts.update((name, value) for name, value in known.items() if value is not None)


def _as_s3_error(error: Exception, request_id: str) -> S3Error:
    match error:
        case S3Error():
            if error.code == "SlowDown" and not error.headers:
                error.headers = _RETRY_AFTER
            return error
        case ClientGone():
            return S3Error("IncompleteBody")
        case StorageFull():
            log.error(
                "request {request_id}: no room left to store bytes: {reason}",
                reason=str(error),
                request_id=request_id,
            )
            return S3Error("InsufficientStorage")
        case StorageBroken():
            log.error("request {request_id}: {problem}", request_id=request_id, problem=str(error))
            return S3Error("InternalError")
        case UpstreamBusy():
            log.warn(
                "request {request_id}: {problem}", request_id=request_id, problem=error.problem
            )
            return S3Error("SlowDown", headers=(("retry-after", str(error.retry_after_seconds)),))
        case UpstreamFailed():
            log.error(
                "request {request_id}: {problem}", request_id=request_id, problem=error.problem
            )
            return S3Error("ServiceUnavailable")
        case BlobMissing():
            log.error(
                "request {request_id}: the bytes of an object are missing: {locator}; "
                "bleepstore-admin fsck finds all such objects",
                locator=error.locator,
                request_id=request_id,
            )
            return S3Error("InternalError")
    log.failure("request {request_id} failed", failure=Failure(error), request_id=request_id)
    return S3Error("InternalError")


def _error_reply(error: S3Error, head: RequestHead, region: str) -> Reply:
    headers = (*error.headers, CONTENT_TYPE)
    if error.status == 304:
        return Reply(304, error.headers)
    if head.method == "HEAD":
        # Without a body, this is how a client that signed for a wrong region learns the right one.
        return Reply(error.status, (*headers, ("x-amz-bucket-region", region)))
    resource = head.raw_path.decode("utf-8", "replace")
    return Reply(error.status, headers, error_document(error, resource, head.request_id))
