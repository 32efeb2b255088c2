"""From the command to the open port, with an empty store and with a full one."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from tests.e2e.clients import ask_signed
from tests.e2e.daemon import Daemon

from ..figures import Figure
from ..filling import multiply
from .scale import Scale

_STARTS = 7


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """Medians of starts in turns, after one that warms the caches."""
    empty, full = Daemon(folder / "empty"), Daemon(folder / "full")
    _make(empty)
    _make(full)
    multiply(full.database_path, "template", scale.objects)
    _start(empty)
    _start(full)
    times: list[tuple[float, float]] = [(_start(empty), _start(full)) for _ in range(_STARTS)]
    without, with_objects = (statistics.median(column) for column in zip(*times, strict=True))
    return [
        Figure("start with no objects", f"{without:.2f} s"),
        Figure(f"start with {scale.objects:,} objects", f"{with_objects:.2f} s"),
        Figure("the one against the other", f"{with_objects / without:.2f} times", "below 2 times"),
    ]


def _make(daemon: Daemon) -> None:
    daemon.start()
    ask_signed(daemon, "PUT", "/bench")
    ask_signed(daemon, "PUT", "/bench/template", body=b"one of very many")
    daemon.stop()


def _start(daemon: Daemon) -> float:
    """Seconds until the daemon says that it listens."""
    began = time.perf_counter()
    daemon.start()
    took = time.perf_counter() - began
    daemon.stop()
    return took
