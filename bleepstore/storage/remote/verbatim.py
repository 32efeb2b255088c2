"""Keeps treq to what was signed and what is stored.

treq decodes answers with ``Content-Encoding: gzip``, and asks for them; but that header of a stored
object belongs to the object, whose bytes have to come as they are.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

_ENCODING = b"content-encoding"


@implementer(IAgent)
class VerbatimAgent:
    """Stands between treq and Twisted's agent for one request.

    Args:
        agent: sends the request.
        headers: go out in the place of those that treq made of them.
    """

    def __init__(self, agent: IAgent, headers: Headers) -> None:
        self._agent = agent
        self._headers = headers
        self._encodings: list[bytes] = []

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,  # noqa: N803 - Twisted's name
    ) -> Deferred[IResponse]:
        asking: Deferred[IResponse] = self._agent.request(method, uri, self._headers, bodyProducer)
        return asking.addCallback(self._hide)

    def _hide(self, response: IResponse) -> IResponse:
        self._encodings = list(response.headers.getRawHeaders(_ENCODING, []))
        response.headers.removeHeader(_ENCODING)
        return response

    def restored(self, response: IResponse) -> IResponse:
        """What treq answers, with the header that it was not to see, or without it."""
        response.headers.removeHeader(_ENCODING)
        if self._encodings:
            response.headers.setRawHeaders(_ENCODING, self._encodings)
        return response
