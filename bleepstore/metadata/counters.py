"""What a database tells of what it does, for metrics to count. Called in the reactor's thread."""

from __future__ import annotations


class Counters:
    """Counts nothing; who wants to know something overrides what tells it."""

    def transaction_took(self, description: str, seconds: float) -> None:
        """A read is over; the time includes waiting for a thread."""

    def change_took(self, description: str, seconds: float) -> None:
        """A change is durable or has failed; the time includes waiting for its commit."""

    def batch_took(self, changes: int, seconds: float) -> None:
        """Changes became durable or failed together; the time is that of the writer's thread."""
