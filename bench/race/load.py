"""Clients at full speed, and what that costs the store."""

from __future__ import annotations

from collections.abc import Callable

from ..servers.server import Server
from ..wrk import Load
from .contest import Sample


def under_load(server: Server, drive: Callable[[], Load]) -> Sample:
    """What clients got, and what the store took for it.

    Args:
        drive: sends the requests.
    """
    before = server.usage()
    load = drive()
    after = server.usage()
    cpu_us = None
    if before is not None and after is not None:
        cpu_us = (after.cpu_seconds - before.cpu_seconds) / load.requests * 1e6
    return Sample(load.per_second, load.p50_ms, load.p99_ms, cpu_us)
