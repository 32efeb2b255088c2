"""One thing that stores are measured at, and what comes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from statistics import fmean

from attrs import frozen

from ..servers.server import Server

PROCESSORS = "the processors"
"""As a limit: the store has what its clients leave."""


@frozen
class Sample:
    """One measurement of one store.

    Attributes:
        value: in the contest's unit.
        p50_ms, p99_ms: latency, where single requests were timed.
        cpu_us: of the store's processes for each request, where many were sent.
        cpu_seconds: of the store's processes for all of it, elsewhere.
        memory_bytes: the most that the store's processes had meanwhile.
    """

    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None


def mean(samples: list[Sample]) -> Sample:
    """The mean of each quantity, but the most of memory."""

    def of(name: str) -> float | None:
        values = [value for each in samples if (value := getattr(each, name)) is not None]
        return fmean(values) if values else None

    return Sample(
        fmean(each.value for each in samples),
        of("p50_ms"),
        of("p99_ms"),
        of("cpu_us"),
        of("cpu_seconds"),
        max((each.memory_bytes for each in samples if each.memory_bytes is not None), default=None),
    )


class Contest(ABC):
    """One line of the report.

    Attributes:
        name: what is done.
        unit: of the values, such as ``/s``.
        is_more_better: False for times.
        asked_for: the ratio to the peer that the project wants to reach; None for no such aim.
        limit: the machine's limit that binds it, by its name in the report; empty for none.
        limit_each: how much of that limit one of the values takes.
    """

    name: str
    unit: str
    is_more_better = True
    asked_for: float | None = None
    limit = ""
    limit_each = 1.0

    @property
    def aim(self) -> str:
        """What is asked for, in words."""
        return "" if self.asked_for is None else f"{self.asked_for:.2f}"

    def can(self, server: Server) -> bool:
        """Whether this store can take part."""
        return server.has_buckets

    @abstractmethod
    def prepare(self, server: Server) -> None:
        """Put there what is needed; called once for each store, which runs."""

    @abstractmethod
    def measure(self, server: Server) -> Sample:
        """One round."""
