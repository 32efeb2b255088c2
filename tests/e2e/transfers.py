"""Objects too large for memory, up and down over one connection."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from contextlib import closing

from tests.e2e.clients import signed_headers
from tests.e2e.daemon import Daemon

MIB = 1024 * 1024

_BLOCK = bytes(range(256)) * 4096
_TIMEOUT_SECONDS = 300


def upload(daemon: Daemon, target: str, size_bytes: int) -> None:
    """Put an object of a whole number of MiB, without a signature over its bytes."""
    headers = signed_headers(daemon, "PUT", target) | {"content-length": str(size_bytes)}
    with closing(_connect(daemon)) as connection:
        connection.request("PUT", target, _blocks(size_bytes), headers)
        response = connection.getresponse()
        if response.status != 200:
            raise AssertionError(f"PUT {target} gave {response.status}: {response.read()!r}")


def download(daemon: Daemon, target: str) -> int:
    """Get an object and throw it away; answers its size in bytes."""
    return sum(map(len, _received(daemon, target)))


def md5_of_download(daemon: Daemon, target: str) -> str:
    """The MD5 of an object as it comes back, in hexadecimal."""
    digest = hashlib.md5()
    for block in _received(daemon, target):
        digest.update(block)
    return digest.hexdigest()


def _received(daemon: Daemon, target: str) -> Iterator[bytes]:
    with closing(_connect(daemon)) as connection:
        connection.request("GET", target, headers=signed_headers(daemon, "GET", target))
        response = connection.getresponse()
        while block := response.read(MIB):
            yield block


def _blocks(size_bytes: int) -> Iterator[bytes]:
    for _ in range(size_bytes // len(_BLOCK)):
        yield _BLOCK


def _connect(daemon: Daemon) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=_TIMEOUT_SECONDS)
