"""Requests to the JSON API in the name of our account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..remote.client import Answer, Client, Outgoing, Stream
from .credentials import Credentials

_UNAUTHORIZED = 401
_MAX_ERROR_BYTES = 64 * 1024


class Api:
    """Sends requests, and once more with another token where the token is refused.

    It is refused when it was revoked, or when our clock is wrong.

    Args:
        slow_seconds: for which Google may be silent while it copies an object.
    """

    def __init__(self, client: Client, credentials: Credentials, slow_seconds: float) -> None:
        self._client = client
        self._credentials = credentials
        self._slow_seconds = slow_seconds

    async def send(self, outgoing: Outgoing) -> Answer:
        """As :meth:`~bleepstore.storage.remote.client.Client.send`."""
        token = self._credentials.token
        answer = await self._client.send(outgoing)
        if answer.status == _UNAUTHORIZED and self._credentials.forget(token):
            answer = await self._client.send(outgoing)
        return answer

    async def open(self, outgoing: Outgoing) -> Stream:
        """As :meth:`~bleepstore.storage.remote.client.Client.open`."""
        token = self._credentials.token
        stream = await self._client.open(outgoing)
        if stream.status == _UNAUTHORIZED and self._credentials.forget(token):
            stream.close()
            stream = await self._client.open(outgoing)
        return stream

    async def get(self, url: str) -> Answer:
        """The answer to a request for what is at an address."""
        return await self.send(Outgoing("GET", url, is_idempotent=True))

    async def post(self, url: str, content: Mapping[str, Any], *, is_slow: bool = False) -> Answer:
        """The answer to a JSON object; carrying it out twice does no harm.

        Args:
            is_slow: whether Google may take long before it says anything.
        """
        headers = {"content-type": "application/json; charset=UTF-8"}
        body = json.dumps(content).encode("ascii")
        seconds = self._slow_seconds if is_slow else None
        return await self.send(
            Outgoing(
                "POST", url, headers, body, is_idempotent=True, silence_timeout_seconds=seconds
            )
        )


async def refusal(stream: Stream) -> Answer:
    """An answer that is an error, whole."""
    return Answer(stream.status, stream.headers, await stream.read(_MAX_ERROR_BYTES))
