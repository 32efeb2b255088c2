"""``/metrics``: what requests did, for Prometheus.

Labels are route templates and operation names, never buckets or keys, so that the number of time
series does not grow with what is stored.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as render

from ..values import Exchange, Reply, RequestHead
from .shared_metrics import SharedMetrics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BYTES = tuple(4**power for power in range(5, 21))


class Metrics:
    """Counts exchanges in a registry of its own.

    Args:
        shared: where other processes count as well; None if there are none.
    """

    def __init__(self, shared: SharedMetrics | None = None) -> None:
        self._shared = shared
        if shared is not None:
            shared.join()
        self.registry = CollectorRegistry()
        on_route = ["method", "path", "status"]
        self._requests = Counter(
            "bleepstore_http_requests", "HTTP requests.", on_route, registry=self.registry
        )
        self._operations = Counter(
            "bleepstore_s3_operations",
            "S3 operations by HTTP status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self._duration = self._histogram("duration_seconds", "From head to last byte.", _SECONDS)
        self._request_size = self._histogram("size_bytes", "Request bodies.", _BYTES)
        self._response_size = Histogram(
            "bleepstore_http_response_size_bytes",
            "Response bodies.",
            ["method", "path"],
            buckets=_BYTES,
            registry=self.registry,
        )
        self._received = Counter(
            "bleepstore_bytes_received", "Bytes of request bodies.", registry=self.registry
        )
        self._sent = Counter(
            "bleepstore_bytes_sent", "Bytes of response bodies.", registry=self.registry
        )

    def _histogram(self, what: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"bleepstore_http_request_{what}",
            text,
            ["method", "path"],
            buckets=buckets,
            registry=self.registry,
        )

    def count(self, exchange: Exchange) -> None:
        """Add one request that is over."""
        method, path, status = _method(exchange), _route(exchange), str(exchange.status)
        self._requests.labels(method, path, status).inc()
        if "operation" in exchange.facts:
            self._operations.labels(exchange.facts["operation"], status).inc()
        self._duration.labels(method, path).observe(exchange.duration_ms / 1000)
        self._request_size.labels(method, path).observe(exchange.bytes_received)
        self._response_size.labels(method, path).observe(exchange.bytes_sent)
        self._received.inc(exchange.bytes_received)
        self._sent.inc(exchange.bytes_sent)

    async def page(self, head: RequestHead) -> Reply:
        """What was counted, by all processes, in Prometheus's text format."""
        text = render(self.registry) if self._shared is None else self._shared.render()
        return Reply(200, (("content-type", CONTENT_TYPE_LATEST),), text)


_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"})


def _method(exchange: Exchange) -> str:
    """The method; strangers may send any word, and each would be a time series."""
    return exchange.head.method if exchange.head.method in _METHODS else "other"


def _route(exchange: Exchange) -> str:
    if "key" in exchange.facts:
        return "/{bucket}/{key}"
    if "bucket" in exchange.facts:
        return "/{bucket}"
    return exchange.facts.get("page", "/")
