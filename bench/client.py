"""One client with one connection, for what is measured request by request."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from attrs import frozen

from bleepstore.clock import Clock

from .servers.server import Account, Server

_TIMEOUT_SECONDS = 1800


@frozen
class Answered:
    """An answer, and the seconds from the first byte sent to the last one received."""

    status: int
    body: bytes
    seconds: float

    def element(self, name: str) -> str:
        """The text of the first element of this name in the document."""
        found = re.search(f"<{name}>(.*?)</{name}>".encode(), self.body)
        if found is None:
            raise LookupError(name)
        return found[1].decode()


@frozen
class Client:
    """Signs and sends one request after the other."""

    _account: Account
    _connection: http.client.HTTPConnection

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """One request, which must succeed."""
        answered = self.try_to(method, target, body, headers)
        if answered.status >= 300:
            raise RuntimeError(f"{method} {target}: {answered.status} {answered.body!r}")
        return answered

    def try_to(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """One request, whatever comes of it."""
        given = {"host": self._account.host, **(headers or {})}
        digest = hashlib.sha256(body).hexdigest()
        signed = self._account.signer.sign_headers(
            method, target.encode(), given, digest, Clock().now_ms()
        )
        began = time.perf_counter()
        self._connection.request(method, target, body or None, signed)
        response = self._connection.getresponse()
        return Answered(response.status, response.read(), time.perf_counter() - began)


@contextmanager
def client_of(account: Account) -> Iterator[Client]:
    """A client of a store that runs."""
    is_https = account.endpoint.startswith("https:")
    kind = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
    connection = kind(account.host, timeout=_TIMEOUT_SECONDS)
    with closing(connection):
        yield Client(account, connection)


@contextmanager
def client_while_it_runs(server: Server) -> Iterator[Client]:
    """A client of a store, from its start to its stop."""
    server.start()
    try:
        with client_of(server.account) as client:
            yield client
    finally:
        server.stop()
