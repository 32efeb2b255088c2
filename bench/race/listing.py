"""Listing a bucket with very many keys."""

from __future__ import annotations

import sys

from .. import wrk
from ..filling import multiply
from ..servers.bleepstore import BleepStore
from ..servers.server import Server
from .contest import PROCESSORS, Contest, Sample
from .load import under_load
from .requests import make_bucket

_BUCKET = "/many"
_FOLDERS = 1000
_BATCH = 50_000
_CLIENTS = 32


def fill(server: Server, count: int) -> None:
    """Make a bucket of ``count`` keys in a thousand folders; the store has nothing else.

    BleepStore's are copies of one row, made by SQL, for a million uploads would take many minutes.
    """
    make_bucket(server, _BUCKET)
    if isinstance(server, BleepStore):
        _put(server, [f"{_BUCKET}/template"])
        server.stop()
        multiply(server.daemon.database_path, "template", count, folders=_FOLDERS)
        server.start()
        return
    for start in range(0, count, _BATCH):
        numbers = range(start, min(count, start + _BATCH))
        print(f"  filling {server.name}: {start:,} of {count:,}", file=sys.stderr)
        _put(server, [f"{_BUCKET}/template/{n % _FOLDERS:03}/{n:07}" for n in numbers])


def _put(server: Server, names: list[str]) -> None:
    wrk.drive(
        server.account.endpoint,
        "PUT",
        [server.account.presign("PUT", name) for name in names],
        clients=32,
        seconds=600,
        body_bytes=16,
        once=True,
    )


class Listing(Contest):
    """Pages of a listing, by 32 clients."""

    unit = "/s"
    limit = PROCESSORS

    def __init__(self, name: str, query: str, asked_for: float, seconds: int) -> None:
        self.name = name
        self.asked_for = asked_for
        self._target = f"{_BUCKET}?list-type=2&{query}"
        self._seconds = seconds

    def prepare(self, server: Server) -> None:
        """The bucket is there."""

    def measure(self, server: Server) -> Sample:
        account = server.account
        targets = [account.presign("GET", self._target)]
        return under_load(
            server,
            lambda: wrk.drive(
                account.endpoint, "GET", targets, clients=_CLIENTS, seconds=self._seconds
            ),
        )


def all_listings(keys: int, seconds: int) -> list[Contest]:
    """A page of a thousand keys, and one of a hundred common prefixes."""
    middle = f"template%2F{_FOLDERS // 2:03}"
    return [
        Listing(
            f"list 1,000 of {keys:,} keys", f"max-keys=1000&start-after={middle}", 3.0, seconds
        ),
        Listing(
            f"list 100 common prefixes of {keys:,} keys",
            "delimiter=%2F&max-keys=100&prefix=template%2F",
            2.0,
            seconds,
        ),
    ]
