"""What the daemon uses while nobody asks anything."""

from __future__ import annotations

import time
from pathlib import Path

from tests.e2e.clients import ask_signed
from tests.e2e.daemon import Daemon

from ..figures import Figure
from .scale import Scale

_SETTLING_SECONDS = 2
_MIB = 1024 * 1024


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """Processor time and memory of an idle daemon that has answered a request before."""
    daemon = Daemon(folder)
    daemon.start()
    try:
        ask_signed(daemon, "PUT", "/bench")
        time.sleep(_SETTLING_SECONDS)
        before = daemon.cpu_seconds
        time.sleep(scale.idle_seconds)
        used = daemon.cpu_seconds - before
        memory = daemon.peak_memory_bytes
    finally:
        daemon.stop()
    share = used / scale.idle_seconds
    return [
        Figure(
            f"idle, {scale.idle_seconds} s",
            f"{used * 1000:.0f} ms CPU ({share:.2%})",
            "nothing measurable",
        ),
        Figure("memory of the process, idle", f"{memory / _MIB:.0f} MiB"),
    ]
