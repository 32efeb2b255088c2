"""What is measured of BleepStore alone: each starts daemons of its own in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..figures import Figure
from . import many, memory, parts
from .scale import Scale

__all__ = ["WORKLOADS", "Scale"]

WORKLOADS: Mapping[str, Callable[[Path, Scale], list[Figure]]] = {
    "memory": memory.measure,
    "parts": parts.measure,
    "many": many.measure,
}
