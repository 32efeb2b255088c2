"""How much memory one object of 1 GiB takes, up and down."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.clients import ask_signed
from tests.e2e.daemon import Daemon
from tests.e2e.transfers import MIB, download, upload

from ..figures import Figure
from .scale import Scale

_SIZE_BYTES = 1024 * MIB
_TARGET = "/bench/large"


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The growth of a daemon of one process."""
    daemon = Daemon(folder)
    daemon.start()
    try:
        ask_signed(daemon, "PUT", "/bench")
        upload(daemon, _TARGET, 8 * MIB)
        download(daemon, _TARGET)
        before = daemon.peak_memory_bytes
        upload(daemon, _TARGET, _SIZE_BYTES)
        download(daemon, _TARGET)
        growth = daemon.peak_memory_bytes - before
    finally:
        daemon.stop()
    return [
        Figure("growth of memory by 1 GiB up and down", f"{growth / MIB:.1f} MiB", "below 32 MiB")
    ]
