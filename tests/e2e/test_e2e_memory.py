"""An object of any size costs the daemon the memory of a small one."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.clients import ask_signed, signed_headers
from tests.e2e.daemon import Daemon

MIB = 1024 * 1024
SIZE_BYTES = 1024 * MIB
ALLOWED_GROWTH_BYTES = 32 * MIB
_BLOCK = bytes(range(256)) * 4096


def peak_memory_bytes(pid: int) -> int:
    """The most resident memory that a process has ever had (``VmHWM`` in proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def _blocks(size: int) -> Iterator[bytes]:
    for _ in range(size // len(_BLOCK)):
        yield _BLOCK


def _upload(daemon: Daemon, size: int) -> None:
    headers = signed_headers(daemon, "PUT", "/memory/k") | {"content-length": str(size)}
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    with closing(connection):
        connection.request("PUT", "/memory/k", _blocks(size), headers)
        assert connection.getresponse().status == 200


def _download(daemon: Daemon) -> str:
    """The MD5 of what comes."""
    digest = hashlib.md5()
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    with closing(connection):
        connection.request("GET", "/memory/k", headers=signed_headers(daemon, "GET", "/memory/k"))
        response = connection.getresponse()
        while block := response.read(MIB):
            digest.update(block)
    return digest.hexdigest()


@pytest.mark.timeout(300)
def test_a_gibibyte_up_and_down_needs_little_memory(own_daemon: Daemon) -> None:
    own_daemon.start()
    assert ask_signed(own_daemon, "PUT", "/memory").status == 200
    _upload(own_daemon, 8 * MIB)
    _download(own_daemon)
    before = peak_memory_bytes(own_daemon.pid)
    _upload(own_daemon, SIZE_BYTES)
    received = _download(own_daemon)
    growth = peak_memory_bytes(own_daemon.pid) - before
    etag = ask_signed(own_daemon, "HEAD", "/memory/k").headers["etag"]
    assert etag == f'"{received}"'
    assert growth < ALLOWED_GROWTH_BYTES
