"""Requests to one container, with who we are added to them."""

from __future__ import annotations

from attrs import frozen

from ..remote.client import Answer, Client, Outgoing, Stream
from .access import Access, blob_url

_MAX_ERROR_BYTES = 64 * 1024


@frozen
class Container:
    """One container.

    Args:
        client: authorizes with ``access``.
        endpoint: URL of the account, without a slash at its end.
        name: of the container.
        slow_seconds: for which the service may be silent while it copies or completes a blob.
    """

    client: Client
    access: Access
    endpoint: str
    name: str
    slow_seconds: float

    def request(
        self,
        method: str,
        name: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        is_slow: bool = False,
    ) -> Outgoing:
        """A request about a blob, or about the container for an empty name.

        All that a gateway sends can be sent twice: what it writes is the same each time.

        Args:
            is_slow: whether the service may take long before it says anything.
        """
        url = blob_url(self.endpoint, self.name, name)
        return Outgoing(
            method,
            f"{url}?{query}" if query else url,
            headers or {},
            body,
            is_idempotent=True,
            silence_timeout_seconds=self.slow_seconds if is_slow else None,
        )

    async def send(self, outgoing: Outgoing) -> Answer:
        """The whole answer, whatever it says."""
        answer = await self.client.send(outgoing)
        if answer.status == 401 and self.access.renew():
            answer = await self.client.send(outgoing)
        return answer

    async def open(self, outgoing: Outgoing) -> Stream:
        """The head of an answer, whatever it says."""
        stream = await self.client.open(outgoing)
        if stream.status == 401 and self.access.renew():
            stream.close()
            stream = await self.client.open(outgoing)
        return stream

    async def refused(self, stream: Stream) -> Answer:
        """The whole of an answer that was opened in the hope of a blob."""
        return Answer(stream.status, stream.headers, await stream.read(_MAX_ERROR_BYTES))
