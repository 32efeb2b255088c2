"""What requests did.

Labels are route templates and operation names, never buckets or keys, so that the number of time
series does not grow with what is stored.
"""

from __future__ import annotations

from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Histogram

from ..values import Exchange

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BYTES = tuple(4**power for power in range(5, 21))
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"})

_Labels = tuple[str, str, int, str | None]


@frozen
class _Row:
    """The time series that one sort of request counts in, found once and kept."""

    requests: Counter
    operations: Counter | None
    duration: Histogram
    request_size: Histogram
    response_size: Histogram


class RequestMetrics:
    """Counts exchanges."""

    def __init__(self, registry: CollectorRegistry) -> None:
        on_route = ("method", "path")
        self._requests = Counter(
            "bleepstore_http_requests", "HTTP requests.", (*on_route, "status"), registry=registry
        )
        self._operations = Counter(
            "bleepstore_s3_operations",
            "S3 operations by HTTP status.",
            ("operation", "status"),
            registry=registry,
        )
        self._duration = Histogram(
            "bleepstore_http_request_duration_seconds",
            "From head to last byte.",
            on_route,
            buckets=_SECONDS,
            registry=registry,
        )
        self._request_size = Histogram(
            "bleepstore_http_request_size_bytes",
            "Request bodies.",
            on_route,
            buckets=_BYTES,
            registry=registry,
        )
        self._response_size = Histogram(
            "bleepstore_http_response_size_bytes",
            "Response bodies.",
            on_route,
            buckets=_BYTES,
            registry=registry,
        )
        self._received = Counter(
            "bleepstore_bytes_received", "Bytes of request bodies.", registry=registry
        )
        self._sent = Counter(
            "bleepstore_bytes_sent", "Bytes of response bodies.", registry=registry
        )
        self._rows: dict[_Labels, _Row] = {}

    def count(self, exchange: Exchange) -> None:
        """Add one request that is over."""
        row = self._row_of(exchange)
        row.requests.inc()
        if row.operations is not None:
            row.operations.inc()
        row.duration.observe(exchange.duration_ms / 1000)
        row.request_size.observe(exchange.bytes_received)
        row.response_size.observe(exchange.bytes_sent)
        self._received.inc(exchange.bytes_received)
        self._sent.inc(exchange.bytes_sent)

    def _row_of(self, exchange: Exchange) -> _Row:
        labels = (
            _method(exchange), _route(exchange), exchange.status, exchange.facts.get("operation")
        )  # fmt: skip
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = self._make_row(*labels)
        return row

    def _make_row(self, method: str, path: str, status: int, operation: str | None) -> _Row:
        return _Row(
            self._requests.labels(method, path, str(status)),
            self._operations.labels(operation, str(status)) if operation else None,
            self._duration.labels(method, path),
            self._request_size.labels(method, path),
            self._response_size.labels(method, path),
        )


def _method(exchange: Exchange) -> str:
    """The method; strangers may send any word, and each would be a time series."""
    return exchange.head.method if exchange.head.method in _METHODS else "other"


def _route(exchange: Exchange) -> str:
    if "key" in exchange.facts:
        return "/{bucket}/{key}"
    if "bucket" in exchange.facts:
        return "/{bucket}"
    return exchange.facts.get("page", "/")
