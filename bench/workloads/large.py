"""One object of 1 GiB up and down: how fast, and how much memory it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.clients import ask_signed
from tests.e2e.daemon import Daemon
from tests.e2e.transfers import MIB, download, upload

from ..figures import Figure
from .scale import Scale

_SIZE_BYTES = 1024 * MIB
_TARGET = "/bench/large"


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """Throughput of one stream each way, and the growth of the process."""
    daemon = Daemon(folder)
    daemon.start()
    try:
        ask_signed(daemon, "PUT", "/bench")
        upload(daemon, _TARGET, 8 * MIB)
        download(daemon, _TARGET)
        before = daemon.peak_memory_bytes
        up = _throughput(lambda: upload(daemon, _TARGET, _SIZE_BYTES))
        down = _throughput(lambda: download(daemon, _TARGET))
        growth = daemon.peak_memory_bytes - before
    finally:
        daemon.stop()
    return [
        Figure("PUT, durable, 1 GiB, one stream", up),
        Figure("GET, 1 GiB, one stream", down),
        Figure("growth of memory by both", f"{growth / MIB:.1f} MiB", "below 32 MiB"),
    ]


def _throughput(work: Callable[[], object]) -> str:
    began = time.perf_counter()
    work()
    return f"{_SIZE_BYTES / 1e6 / (time.perf_counter() - began):,.0f} MB/s"
