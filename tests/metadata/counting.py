"""Remembers what a database has done."""

from __future__ import annotations

from collections import Counter

from bleepstore.metadata.counters import Counters


class Counts(Counters):
    """How many transactions there were of each description, and how large the batches were."""

    def __init__(self) -> None:
        self.transactions: Counter[str] = Counter()
        self.batches: list[int] = []

    def transaction_took(self, description: str, seconds: float) -> None:
        self.transactions[description] += 1

    def change_took(self, description: str, seconds: float) -> None:
        self.transactions[description] += 1

    def batch_took(self, changes: int, seconds: float) -> None:
        self.batches.append(changes)
