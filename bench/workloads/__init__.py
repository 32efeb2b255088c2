"""What is measured. Each workload starts daemons of its own in a folder and answers figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..figures import Figure
from . import idle, large, many, parts, small, startup
from .scale import Scale

__all__ = ["WORKLOADS", "Scale"]

WORKLOADS: Mapping[str, Callable[[Path, Scale], list[Figure]]] = {
    "small": small.measure,
    "large": large.measure,
    "parts": parts.measure,
    "many": many.measure,
    "startup": startup.measure,
    "idle": idle.measure,
}
