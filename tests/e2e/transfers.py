"""Transfers over one connection: of objects too large for memory, and of half of one."""

from __future__ import annotations

import hashlib
import http.client
import socket
from collections.abc import Iterator
from contextlib import closing

from tests.e2e.clients import presigned, signed_headers
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


def begin_upload(daemon: Daemon, path: str) -> socket.socket:
    """A connection on which half of 100,000 bytes have been sent and taken in."""
    connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=30)
    target = presigned(daemon, "PUT", path)
    head = (
        f"PUT {target} HTTP/1.1\r\nhost: 127.0.0.1:{daemon.port}\r\n"
        "expect: 100-continue\r\ncontent-length: 100000\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    connection.sendall(bytes(50_000))
    return connection


def is_cut(connection: socket.socket) -> bool:
    """Whether the other side has ended the connection without a word."""
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


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
