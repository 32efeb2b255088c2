"""What a store takes while something is measured."""

from __future__ import annotations

import threading
from types import TracebackType

from attrs import evolve

from .race.contest import Sample
from .servers.server import Server, Usage

_EVERY_SECONDS = 1.0


class Watch:
    """From entry to exit: the time of processors that a store's processes took, and their most memory.

    The memory is looked at once a second, which takes the machine some milliseconds.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._before: Usage | None = None
        self._after: Usage | None = None
        self._most_bytes = 0

    def __enter__(self) -> Watch:
        self._before = self._see()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._after = self._see()

    def complete(self, sample: Sample) -> Sample:
        """The same, with what the store took; processors' time only where no request was timed."""
        cpu_seconds = self._cpu_seconds if sample.cpu_us is None else None
        return evolve(sample, cpu_seconds=cpu_seconds, memory_bytes=self._most_bytes or None)

    @property
    def _cpu_seconds(self) -> float | None:
        before, after = self._before, self._after
        if before is None or after is None or before.pid != after.pid:
            return None
        return after.cpu_seconds - before.cpu_seconds

    def _look(self) -> None:
        while not self._is_over.wait(_EVERY_SECONDS):
            self._see()

    def _see(self) -> Usage | None:
        usage = self._server.usage()
        if usage is not None:
            self._most_bytes = max(self._most_bytes, usage.memory_bytes)
        return usage
