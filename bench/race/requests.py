"""Small requests at full speed, by wrk with presigned URLs."""

from __future__ import annotations

from itertools import product

from .. import wrk
from ..client import client_of
from ..servers.nginx import Nginx
from ..servers.server import Server
from .contest import PROCESSORS, Contest, Sample
from .load import under_load

KIB = 1024
_BUCKET = "/bench"
_KEYS = {KIB: 1000, 64 * KIB: 500, 1024 * KIB: 100}
_DELETED = {KIB: 4000, 64 * KIB: 2560, 1024 * KIB: 1000}  # several for each client
_NAMES = {KIB: "1 KiB", 64 * KIB: "64 KiB", 1024 * KIB: "1 MiB"}
_ASKED_FOR = {
    ("GET", KIB): 1.0,
    ("GET", 64 * KIB): 1.0,
    ("GET", 1024 * KIB): 1.5,
    ("PUT", KIB): 1.0,
    ("PUT", 64 * KIB): 1.0,
    ("PUT", 1024 * KIB): 1.0,
    ("DELETE", KIB): 0.5,
    ("DELETE", 64 * KIB): 0.5,
    ("DELETE", 1024 * KIB): 0.5,
}
_MOST_SECONDS = 120
_SMALL_BYTES = 64 * KIB  # up to this size, moving bytes is not what takes the time


def make_bucket(server: Server, target: str = _BUCKET) -> None:
    """See to it that there is a bucket."""
    with client_of(server.account) as client:
        client.try_to("PUT", target)


def _limit(method: str, size_bytes: int, clients: int) -> tuple[str, float]:
    """What binds, and how much of it a request takes: small ones, where there are many, share syncs."""
    if size_bytes > _SMALL_BYTES and method != "DELETE":
        return ("nginx", 1.0) if method == "GET" else ("disk write with fsync", size_bytes / 1e6)
    if clients == 1:
        return ("nginx" if method == "GET" else "syncs a second"), 1.0
    return PROCESSORS, 1.0


class Requests(Contest):
    """Requests of one kind for objects of one size, by a number of clients."""

    unit = "/s"

    def __init__(self, method: str, size_bytes: int, clients: int, seconds: int) -> None:
        self.name = f"{method} {_NAMES[size_bytes]}, {clients} client{'s' if clients > 1 else ''}"
        self.asked_for = _ASKED_FOR[method, size_bytes] if clients == 32 else None
        self.limit, self.limit_each = _limit(method, size_bytes, clients)
        self._method = method
        self._size_bytes = size_bytes
        self._clients = clients
        self._seconds = seconds

    def can(self, server: Server) -> bool:
        return server.has_buckets or self._method == "GET"

    def prepare(self, server: Server) -> None:
        names = self._names(_KEYS)
        if isinstance(server, Nginx):
            for name in names:
                server.put(name, self._size_bytes)
            return
        make_bucket(server)
        if self._method == "GET":
            self._put(server, names)

    def measure(self, server: Server) -> Sample:
        deletes = self._method == "DELETE"
        names = self._names(_DELETED if deletes else _KEYS)
        if deletes:
            self._put(server, names)
        targets = [server.account.presign(self._method, name) for name in names]
        return under_load(
            server,
            lambda: wrk.drive(
                server.account.endpoint,
                self._method,
                targets,
                clients=self._clients,
                seconds=_MOST_SECONDS if deletes else self._seconds,
                body_bytes=self._size_bytes if self._method == "PUT" else 0,
                once=deletes,
            ),
        )

    def _names(self, counts: dict[int, int]) -> list[str]:
        return [f"{_BUCKET}/{self._size_bytes}/{n:05}" for n in range(counts[self._size_bytes])]

    def _put(self, server: Server, names: list[str]) -> None:
        wrk.drive(
            server.account.endpoint,
            "PUT",
            [server.account.presign("PUT", name) for name in names],
            clients=8,
            seconds=_MOST_SECONDS,
            body_bytes=self._size_bytes,
            once=True,
        )


def all_requests(clients: tuple[int, ...], seconds: int) -> list[Contest]:
    """Every method, size and number of clients."""
    kinds = product(("GET", "PUT", "DELETE"), _KEYS, clients)
    return [Requests(method, size, each, seconds) for method, size, each in kinds]
