"""Everything that is counted for Prometheus in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client import generate_latest as render
from twisted.internet.task import LoopingCall

from .backend_metrics import BackendMetrics
from .metadata_metrics import MetadataMetrics
from .request_metrics import RequestMetrics
from .shared_metrics import SharedMetrics

_PUBLISHED_EVERY_SECONDS = 1.0


class Metrics:
    """The metrics of this process, in a registry of its own.

    Args:
        shared: where other processes count as well; None if there are none.

    Attributes:
        requests, metadata, backend: count what their names say.
        workers_restarted: to be counted by who restarts them.
    """

    def __init__(self, shared: SharedMetrics | None = None) -> None:
        self._shared = shared
        self._ledger = shared.join() if shared is not None else None
        self._levels: list[tuple[Gauge, Callable[[], float]]] = []
        self._publishing: LoopingCall | None = None
        self._registry = registry = CollectorRegistry()
        self.requests = RequestMetrics(registry)
        self.metadata = MetadataMetrics(registry)
        self.backend = BackendMetrics(registry)
        self.workers_restarted = Counter(
            "bleepstore_workers_restarted",
            "Workers that ended by themselves and were replaced.",
            registry=registry,
        )

    def watch(self, name: str, text: str, level: Callable[[], float]) -> None:
        """Show what goes up and down.

        Args:
            name: of the metric, without the prefix that all have.
            level: how high it is now; asked whenever the metrics are published.
        """
        gauge = Gauge(
            f"bleepstore_{name}", text, registry=self._registry, multiprocess_mode="livesum"
        )
        self._levels.append((gauge, level))

    def start(self, reactor: Any) -> None:
        """Let other processes see what is counted here, once a second."""
        if self._ledger is not None:
            self._publishing = LoopingCall(self._publish)
            self._publishing.clock = reactor
            self._publishing.start(_PUBLISHED_EVERY_SECONDS)

    def stop(self) -> None:
        """Count no more; the others still see what was counted. No effect before the start."""
        if self._publishing is not None and self._publishing.running:
            self._publishing.stop()
            self._publish()

    def render(self) -> bytes:
        """What was counted, by all processes, in Prometheus's text format."""
        self._publish()
        return render(self._registry) if self._shared is None else self._shared.render()

    def _publish(self) -> None:
        for gauge, level in self._levels:
            gauge.set(level())
        if self._ledger is not None:
            self._ledger.publish()
