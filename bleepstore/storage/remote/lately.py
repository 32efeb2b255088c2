"""What was learned lately and never changes, so that it need not be asked for again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Lately(Generic[V]):
    """Remembers values by name, and forgets those that nobody asked for the longest.

    Args:
        limit: how many values.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[str, V] = OrderedDict()

    def learn(self, name: str, value: V) -> None:
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)

    def find(self, name: str) -> V | None:
        value = self._values.get(name)
        if value is not None:
            self._values.move_to_end(name)
        return value

    def forget(self, name: str) -> None:
        self._values.pop(name, None)
