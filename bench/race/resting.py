"""Starting with very many objects, and doing nothing."""

from __future__ import annotations

import time

from ..servers.server import Server
from .contest import Contest, Sample

_SETTLING_SECONDS = 3


class Start(Contest):
    """From the command until the store answers."""

    unit = "s"
    is_more_better = False

    def __init__(self, keys: int) -> None:
        self.name = f"start with {keys:,} objects"

    def can(self, server: Server) -> bool:
        return server.has_buckets and server.pid is not None

    def prepare(self, server: Server) -> None:
        """The objects are there."""

    def measure(self, server: Server) -> Sample:
        server.stop()
        began = time.perf_counter()
        server.start()
        return Sample(time.perf_counter() - began)


class Idle(Contest):
    """The share of a processor, and the memory, that a store takes while nobody asks anything."""

    unit = "% CPU"
    is_more_better = False

    def __init__(self, seconds: int) -> None:
        self.name = f"idle for {seconds} s"
        self._seconds = seconds

    def can(self, server: Server) -> bool:
        return server.has_buckets and server.pid is not None

    def prepare(self, server: Server) -> None:
        """What it does after its start has to be over."""
        time.sleep(_SETTLING_SECONDS)

    def measure(self, server: Server) -> Sample:
        before = server.usage()
        time.sleep(self._seconds)
        after = server.usage()
        if before is None or after is None:
            raise RuntimeError("nothing is known of its processes")
        share = (after.cpu_seconds - before.cpu_seconds) / self._seconds
        return Sample(100 * share)
