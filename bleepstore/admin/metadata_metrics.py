"""What the metadata's database does: where its time goes, and how much waits for it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, Summary

from ..metadata.counters import Counters

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CHANGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class MetadataMetrics(Counters):
    """Counts for Prometheus what a database does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._transactions = Summary(
            "bleepstore_metadata_transaction_seconds",
            "Reads and changes of the metadata, from the call to the answer.",
            ("description",),
            registry=registry,
        )
        self._waits = Histogram(
            "bleepstore_metadata_change_seconds",
            "Changes of the metadata, from the call until they are durable.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._commits = Histogram(
            "bleepstore_metadata_commit_seconds",
            "Commits, each of a batch of changes.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "bleepstore_metadata_batch_size",
            "Changes that shared a commit.",
            buckets=_CHANGES,
            registry=registry,
        )
        self._by_description: dict[str, Summary] = {}

    def transaction_took(self, description: str, seconds: float) -> None:
        summary = self._by_description.get(description)
        if summary is None:
            summary = self._by_description[description] = self._transactions.labels(description)
        summary.observe(seconds)

    def change_took(self, description: str, seconds: float) -> None:
        self.transaction_took(description, seconds)
        self._waits.observe(seconds)

    def batch_took(self, changes: int, seconds: float) -> None:
        self._commits.observe(seconds)
        self._batches.observe(changes)
