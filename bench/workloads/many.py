"""Many keys in one request: deleting a thousand, and listing what a delimiter leaves of them."""

from __future__ import annotations

import base64
import hashlib
import statistics
from pathlib import Path

from ..client import Client, client_while_it_runs
from ..figures import Figure
from ..filling import multiply
from ..servers.bleepstore import BleepStore
from .scale import Scale

_KEYS = 1000
_FOLDERS = 100
_FEW = 10_000
_TIMES = 21


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """Deletions, then listings."""
    return _deletions(folder / "deletions") + _listings(folder, scale)


def _deletions(folder: Path) -> list[Figure]:
    with client_while_it_runs(BleepStore(folder)) as client:
        client.ask("PUT", "/bench")
        _put(client)
        single = sum(client.ask("DELETE", f"/bench/{n}").seconds for n in range(_KEYS))
        _put(client)
        keys = "".join(f"<Object><Key>{n}</Key></Object>" for n in range(_KEYS))
        document = f"<Delete>{keys}</Delete>".encode()
        digest = base64.b64encode(hashlib.md5(document).digest()).decode()
        at_once = client.ask("POST", "/bench?delete=", document, {"content-md5": digest}).seconds
    return [
        Figure(f"{_KEYS:,} keys by DeleteObject, one client", f"{single:.2f} s"),
        Figure(f"{_KEYS:,} keys by one DeleteObjects", f"{at_once * 1000:.0f} ms"),
        Figure("the one against the other", f"{single / at_once:.0f} times faster"),
    ]


def _put(client: Client) -> None:
    for number in range(_KEYS):
        client.ask("PUT", f"/bench/{number}", b"short")


def _listings(folder: Path, scale: Scale) -> list[Figure]:
    few = _listing_seconds(folder / "few", _FEW)
    many = _listing_seconds(folder / "many", scale.objects)
    what = f"listing of {_FOLDERS} common prefixes over"
    return [
        Figure(f"{what} {_FEW:,} keys", f"{few * 1000:.1f} ms"),
        Figure(f"{what} {scale.objects:,} keys", f"{many * 1000:.1f} ms"),
        Figure("the one against the other", f"{many / few:.2f} times", "about 1"),
    ]


def _listing_seconds(folder: Path, keys: int) -> float:
    """The median of several listings by one client, after one that warms the caches."""
    server = BleepStore(folder)
    with client_while_it_runs(server) as client:
        client.ask("PUT", "/bench")
        client.ask("PUT", "/bench/template", b"one of very many")
    multiply(server.daemon.database_path, "template", keys, folders=_FOLDERS)
    target = "/bench?delimiter=%2F&list-type=2&prefix=template%2F"
    with client_while_it_runs(server) as client:
        if client.ask("GET", target).element("KeyCount") != str(_FOLDERS):
            raise RuntimeError("the listing is not what it should be")
        return statistics.median(client.ask("GET", target).seconds for _ in range(_TIMES))
