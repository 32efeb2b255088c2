"""One client with one connection, for what is measured request by request."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from attrs import frozen

from tests.e2e.clients import signed_headers
from tests.e2e.daemon import Daemon

_TIMEOUT_SECONDS = 300


@frozen
class Answered:
    """An answer, and the seconds from the first byte sent to the last one received."""

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

    _daemon: Daemon
    _connection: http.client.HTTPConnection

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """One request, which must succeed."""
        payload_hash = hashlib.sha256(body).hexdigest()
        signed = signed_headers(self._daemon, method, target, headers, payload_hash)
        began = time.perf_counter()
        self._connection.request(method, target, body or None, signed)
        response = self._connection.getresponse()
        answered = Answered(response.read(), time.perf_counter() - began)
        if response.status >= 300:
            raise RuntimeError(f"{method} {target}: {response.status} {answered.body!r}")
        return answered


@contextmanager
def client_of(daemon: Daemon) -> Iterator[Client]:
    """A client while the daemon runs, from its start to its stop."""
    daemon.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=_TIMEOUT_SECONDS)
        with closing(connection):
            yield Client(daemon, connection)
    finally:
        daemon.stop()
