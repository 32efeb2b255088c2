"""What the database has done so far, for metrics to read. Touched only by the reactor's thread."""

from __future__ import annotations

from attrs import define, field


@define
class Timing:
    """How often a kind of transaction ran, and how long callers waited for it in all."""

    count: int = 0
    seconds: float = 0.0


@define
class Counters:
    """Totals since the start.

    Attributes:
        transactions: by description; the time includes waiting in a queue.
        commits: batches of changes that became durable or failed together.
        changes: changes in those batches.
        last_batch: changes in the latest batch.
        commit_seconds: time from handing batches to the writer's thread to their end.
    """

    transactions: dict[str, Timing] = field(factory=dict)
    commits: int = 0
    changes: int = 0
    last_batch: int = 0
    commit_seconds: float = 0.0

    def transaction_took(self, description: str, seconds: float) -> None:
        timing = self.transactions.setdefault(description, Timing())
        timing.count += 1
        timing.seconds += seconds

    def change_took(self, description: str, seconds: float) -> None:
        """A transaction that had to wait for its commit."""
        self.transaction_took(description, seconds)

    def batch_took(self, changes: int, seconds: float) -> None:
        self.commits += 1
        self.changes += changes
        self.last_batch = changes
        self.commit_seconds += seconds
