"""What the machine itself can do: no store on it can be faster."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

_BLOCK = os.urandom(1024 * 1024)
_SECONDS = 1.0
_WRITTEN_BYTES = 512 * 1024 * 1024
_SYNCS = 200


def machine_limits(folder: Path) -> dict[str, float]:
    """Each limit by name, in MB/s, but for syncs, which are counted.

    Args:
        folder: on the disk that is measured.
    """
    return {
        "MD5": _hash_rate(lambda: hashlib.md5(usedforsecurity=False)),
        "SHA-256": _hash_rate(hashlib.sha256),
        "disk write with fsync": _write_rate(folder),
        "syncs a second": syncs_per_second(folder),
        "loopback": _loopback_rate(),
    }


def _hash_rate(make: Callable[[], hashlib._Hash]) -> float:
    digest = make()
    blocks = 0
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < _SECONDS:
        digest.update(_BLOCK)
        blocks += 1
    return blocks * len(_BLOCK) / 1e6 / took


def _write_rate(folder: Path) -> float:
    path = folder / "written"
    try:
        with path.open("wb", buffering=0) as file:
            began = time.perf_counter()
            for _ in range(_WRITTEN_BYTES // len(_BLOCK)):
                file.write(_BLOCK)
            os.fsync(file.fileno())
            return _WRITTEN_BYTES / 1e6 / (time.perf_counter() - began)
    finally:
        path.unlink()


def syncs_per_second(folder: Path) -> float:
    """Appends of 4 KiB with fsync, one after the other."""
    path = folder / "syncs"
    block = os.urandom(4096)
    try:
        with path.open("wb", buffering=0) as file:
            began = time.perf_counter()
            for _ in range(_SYNCS):
                file.write(block)
                os.fsync(file.fileno())
            return _SYNCS / (time.perf_counter() - began)
    finally:
        path.unlink()


def _loopback_rate() -> float:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = threading.Thread(target=_send, args=(listener.getsockname(),))
        sender.start()
        connection, _ = listener.accept()
        received = 0
        buffer = bytearray(len(_BLOCK))
        began = time.perf_counter()
        with connection:
            while size := connection.recv_into(buffer):
                received += size
        took = time.perf_counter() - began
        sender.join()
        return received / 1e6 / took


def _send(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        end = time.perf_counter() + _SECONDS
        while time.perf_counter() < end:
            connection.sendall(_BLOCK)
